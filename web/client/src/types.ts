import type { ErrorRecord } from './errors.js';

/** One turn of a conversation. `Customer` and `Salesman`, or another word in use (Agent, Prospect, Buyer, …). */
export interface HistoryTurn {
  speaker: string;
  response: string;
}

/** A conversation so far, oldest turn first: the body that the prediction API takes. */
export interface History {
  history: HistoryTurn[];
}

/** Probability by class name; they add up to 1. */
export type Probabilities = Record<string, number>;

/** The customer's next response type. */
export interface ResponsePrediction {
  top_prediction: string;
  response_type_probabilities: Probabilities;
  /** What the customer's last turn was read as; absent when they have not spoken. */
  last_response_type?: string;
  [extra: string]: unknown;
}

/** The stage that the conversation goes to. */
export interface StagePrediction {
  top_prediction: string;
  conversation_stage_probabilities: Probabilities;
  /** The stage that the conversation has reached. */
  current_stage: string;
  /** The same prediction over the funnel, which never goes back. */
  funnel_probabilities: Probabilities;
  [extra: string]: unknown;
}

/** A line to say, and why. */
export interface Line {
  /** Name of the playbook entry. */
  suggestion_id: string;
  suggested_sales_response: string;
  /** Why the line helps. */
  reason: string;
}

/** What the salesperson could say now, and what it rests on. */
export interface Suggestion extends Line {
  top_response_type: string;
  top_conversation_stage: string;
  response_type_probabilities: Probabilities;
  conversation_stage_probabilities: Probabilities;
  /** What the line is about. */
  category: string;
  /** The next best lines. */
  alternatives: Line[];
  [extra: string]: unknown;
}

/** Where the conversation is heading among the clusters of turns seen in training. */
export interface DirectionPrediction {
  /** Clusters of the last two turns, the older first. */
  current_state: [number, number];
  predicted_next_cluster: number;
  /** Probability by cluster number. */
  transition_probabilities: Probabilities;
  /** What the clusters are about, by cluster number. */
  cluster_names: string[];
  [extra: string]: unknown;
}

/** Tone of a turn. */
export interface TurnTone {
  label: 'negative' | 'neutral' | 'positive';
  /** Probability of a positive tone less that of a negative one. */
  score: number;
  probabilities: Probabilities;
}

/** The signals of one turn. */
export interface TurnSignals {
  /** From 0; lines of one speaker that follow each other are one turn. */
  turn: number;
  /** Its last line in the history, from 0. */
  line: number;
  speaker: 'customer' | 'salesperson';
  sentiment: TurnTone;
  /** Keys (`family/name`) of the signals above their threshold, the most probable first. */
  present: string[];
  /** Probability by family and name. */
  probabilities: Record<string, Probabilities>;
}

/** How the tone of one side goes. */
export interface ToneTrend {
  turns: number;
  mean: number;
  last: number;
  /** Change of the score from each of this side's turns to its next; absent below three turns. */
  slope?: number;
}

/** A signal and the turn that shows it most. */
export interface SignalHighlight {
  /** `family/name`, for example `objection/price`. */
  signal: string;
  turn: number;
  line: number;
  probability: number;
  source: 'model' | 'rule';
  /** A plain sentence, for example `Price objection in turn 7`. */
  text: string;
}

/** What each turn signals, and what it comes to. */
export interface Signals {
  summary: {
    customer_sentiment?: ToneTrend;
    salesperson_sentiment?: ToneTrend;
    /** The customer's strongest signals, in the order of strength. */
    strongest: SignalHighlight[];
    /** The furthest that the customer has bound themselves. */
    commitment?: SignalHighlight;
    /** Turns that show each signal, by key. */
    counts: Record<string, number>;
    [extra: string]: unknown;
  };
  turns: TurnSignals[];
  /** The signals that are answered, and where each comes from. */
  catalogue: { signal: string; title: string; source: 'model' | 'rule'; threshold?: number }[];
  /** What keeps the answer from saying more. */
  notes: { note: 'not_english' | 'customer_silent' | 'salesperson_silent'; text: string }[];
  [extra: string]: unknown;
}

/** What moved the probability of conversion. */
export interface Insight {
  /** What it is about, for example `amounts`. */
  signal: string;
  /** By how much the probability would be lower (negative: higher) if the signal were as usual. */
  effect: number;
  /** The same in words. */
  text: string;
}

/** The forecast of conversion after a turn. */
export interface TurnForecast {
  /** The last line of the history that was read, from 0. */
  line: number;
  probability: number;
  /** Lower and upper bound of the 90 % interval. */
  interval: [number, number];
}

/** What one turn did to the probability of conversion. */
export interface TurnInfluence {
  /** The turn's last line in the history, from 0. */
  line: number;
  /** The probability less the one that the conversation has when the turn is left out. */
  effect: number;
  /** The turn's part in the log-odds of the linear models of wording and meaning. */
  log_odds: number;
}

/** Whether the conversation converts. */
export interface ConversionPrediction {
  conversion_probability: number;
  /** Lower and upper bound of the 90 % interval. */
  interval: [number, number];
  /** Past conversations that were scored alike at this length, and how many of them were won. */
  alike: { conversations: number; won: number };
  /** The domain whose model answered. */
  domain: string;
  /** How much the domain's own model counts beside the global one, 0 to 1. */
  domain_weight: number;
  finished: boolean;
  /** What moved the probability most, the strongest first. */
  insights: Insight[];
  /** The probability after each turn, while the conversation ran; of a longer one, the latest 500. */
  by_turn: TurnForecast[];
  /** The turns that moved it most, the strongest first. */
  turns: TurnInfluence[];
  /** What makes the answer doubtful, in words. */
  notices: string[];
  [extra: string]: unknown;
}

/** All answers to one history. */
export interface Analysis {
  response: ResponsePrediction;
  stage: StagePrediction;
  suggestion: Suggestion;
  direction: DirectionPrediction;
  /** Absent when the bundle has no model of conversion. */
  conversion?: ConversionPrediction;
}

/** How a conversation ended. */
export type Outcome = 'won' | 'lost';

/** A past conversation, to be compared with. */
export interface PastConversation extends History {
  /** Its name, 1 to 200 bytes; one of the same name is replaced. */
  id: string;
  outcome: Outcome;
}

/** A past conversation that is like the one asked about. */
export interface Neighbour {
  id: string;
  outcome: Outcome;
  turns: number;
  /** Cosine of the two conversations' vectors, -1 to 1. */
  similarity: number;
  /** From the bundle's reference set, or the user's own. */
  source: 'bundle' | 'own';
}

/** Scores of one conversation; more of each speaks for won. */
export interface OutcomeScores {
  /** Cosine with the nearest prototype of won conversations, less that of lost ones. */
  cosine: number;
  /** The same by Euclidean distance, as `1 / (1 + distance)`. */
  euclidean: number;
  /** Share of won ones among the bundle's most similar past conversations; absent when it has none. */
  neighbours?: number;
  /**
   * All three weighed by what was learned: the probability that the conversation is won if it ends here. Of one that
   * goes on it ranks, but is no calibrated probability.
   */
  hybrid: number;
}

/** Past conversations like this one, and how near it is to won and to lost ones. */
export interface Similar {
  won: Neighbour[];
  lost: Neighbour[];
  /** Number of past conversations that were compared. */
  past: number;
  /** Share of won ones among a diverse choice of the most similar, weighted by similarity; absent without any. */
  won_share?: number;
  /** Absent when the bundle has no prototypes. */
  scores?: OutcomeScores;
  [extra: string]: unknown;
}

/** How far loading has come. */
export interface LoadProgress {
  /**
   * `module`: compiling the engine. `manifest`: asking the registry. `artifacts`: fetching what the cache
   * lacks. `engine`: reading the models. `ready`: done.
   */
  phase: 'module' | 'manifest' | 'artifacts' | 'engine' | 'ready';
  /** Bytes of the bundle at hand, from the cache or the network. */
  loadedBytes: number;
  /** Bytes of the bundle; 0 until the manifest is known. */
  totalBytes: number;
  /** Bytes of `loadedBytes` that came over the network. */
  fetchedBytes: number;
}

/** The two builds of the engine's code: with relaxed SIMD, and for browsers without it. */
export type ModuleFlavour = 'relaxed' | 'simd128';

/** What is loaded and where it came from. */
export interface Status {
  /** The bundle's identifier: a SHA-256 in hexadecimal. */
  bundle: string;
  /** Version of the manifest that names the bundle. */
  manifestVersion: number;
  /** When that manifest expires, RFC 3339. */
  manifestExpiresAt: string;
  /** `fresh`, or `expired_within_grace`: the manifest has expired and is soon refused. */
  freshness: string;
  /** Whether the manifest in use was fetched now or kept from an earlier visit. */
  manifestSource: 'network' | 'cache';
  /** True when the registry could not be reached at the last check. */
  offline: boolean;
  /** Why the registry's manifest or its bundle is not in use, when it is not. */
  problem?: ErrorRecord;
  /** Whether artifacts are kept between visits. */
  persistent: boolean;
  /** Bytes of the bundle. */
  bundleBytes: number;
  /** Bytes that loading took from the network. */
  fetchedBytes: number;
  /** Memory that the engine holds, in bytes. */
  memoryBytes: number;
  /** Which build of the engine's code runs here, and on what. */
  module: {
    flavour: ModuleFlavour;
    /** What the encoder's products run on: `wasm-relaxed`, or `wasm-simd128` where that is not exact. */
    kernel: string;
  };
  /** The user's own past conversations. */
  past: {
    count: number;
    /** Why kept ones are not in use: a bundle with another encoder asks for the conversations themselves again. */
    problem?: ErrorRecord;
  };
  /** Milliseconds from the start of loading until the engine could answer. */
  loadMilliseconds: number;
  /** What the engine says about its models. */
  engine: EngineInfo;
}

/** The loaded models. */
export interface EngineInfo {
  /** Name of the bundle. */
  model_version: string;
  /** Version of the features. */
  features: number;
  /** Length of a sentence vector. */
  dimensions: number;
  /** Tokens read of a turn. */
  max_tokens: number;
  /** Number of suggestions. */
  suggestions: number;
  /** Names of the direction clusters. */
  clusters: string[];
  /** Quantized parts of the models that run slower than they could, each with the artifact and the reason. */
  unfused: string[];
}
