import { RapportError } from './errors.js';
import { type Answered, Link } from './link.js';
import type { LoadRequest, PastRequest, Question } from './protocol.js';
import type {
  Analysis,
  ConversionPrediction,
  DirectionPrediction,
  History,
  LoadProgress,
  PastConversation,
  ResponsePrediction,
  Signals,
  Similar,
  StagePrediction,
  Status,
  Suggestion,
} from './types.js';

/** How {@link Rapport.load} loads. */
export interface LoadOptions {
  /** Address of `registry.json`; artifacts are fetched from `artifacts/<sha256>` beside it. */
  registryUrl: string | URL;
  /** Told how loading proceeds, also when an engine that crashed is started again. */
  onProgress?: (progress: LoadProgress) => void;
  /** Name of the Cache Storage cache, `rapport` unless told; false keeps nothing between visits. */
  cache?: string | false;
  /** Gives the load up. */
  signal?: AbortSignal;
  /** Makes the Web Worker, where a bundler or an extension needs it made its own way. */
  createWorker?: () => Worker;
}

/** How a question is asked. */
export interface AskOptions {
  /** Takes the question back. */
  signal?: AbortSignal;
}

/** What is known beside a conversation whose conversion is asked about. */
export interface ConversionOptions extends AskOptions {
  /** Company or data set whose own model is asked; one that has seen too few outcomes leaves it to the global one. */
  domain?: string;
  /** True when nothing more will be said: the length then counts as the whole length. */
  finished?: boolean;
}

/** How past conversations are chosen. */
export interface SimilarOptions extends AskOptions {
  /** Past conversations of each outcome at most, 5 unless told. */
  k?: number;
  /** From 0 to 1: less than 1 asks for conversations that also differ from each other. Left out, the nearest come. */
  lambda?: number;
}

/** The engine in a Web Worker of its own: no text leaves the browser. */
export class Rapport {
  private link: Link | undefined;
  private started: Promise<Status>;
  private closed = false;

  private constructor(
    private readonly load: LoadRequest,
    private readonly createWorker: () => Worker,
    private readonly onProgress: ((progress: LoadProgress) => void) | undefined,
    signal: AbortSignal | undefined,
  ) {
    this.started = this.start(signal);
  }

  /**
   * Fetches what the cache lacks, verifies it and starts the engine. Without a network, or when the registry gives
   * what must not be trusted, the last good bundle answers and {@link Rapport.status} says why.
   *
   * @throws {RapportError} when there is nothing to answer with.
   */
  static async load(options: LoadOptions): Promise<Rapport> {
    if (typeof Worker === 'undefined') throw new RapportError('unsupported', 'this browser has no Web Workers');
    const registryUrl = new URL(options.registryUrl, globalThis.document?.baseURI ?? globalThis.location?.href).href;
    const cache = options.cache === false ? null : (options.cache ?? 'rapport');
    const rapport = new Rapport(
      { registryUrl, cache },
      options.createWorker ?? defaultWorker,
      options.onProgress,
      options.signal,
    );
    try {
      await rapport.started;
    } catch (thrown) {
      rapport.dispose();
      throw thrown;
    }
    return rapport;
  }

  /** The customer's next response type. */
  respondNext(history: History, options?: AskOptions): Promise<ResponsePrediction> {
    return this.ask('respondNext', history, options).then(({ value }) => value as ResponsePrediction);
  }

  /** The stage that the conversation goes to. */
  stageNext(history: History, options?: AskOptions): Promise<StagePrediction> {
    return this.ask('stageNext', history, options).then(({ value }) => value as StagePrediction);
  }

  /** What the salesperson could say now. */
  suggest(history: History, options?: AskOptions): Promise<Suggestion> {
    return this.ask('suggest', history, options).then(({ value }) => value as Suggestion);
  }

  /** Where the conversation is heading. */
  direction(history: History, options?: AskOptions): Promise<DirectionPrediction> {
    return this.ask('direction', history, options).then(({ value }) => value as DirectionPrediction);
  }

  /**
   * What each turn signals: tone, emotions, intents, objections, buying signals, urgency, hedging, commitments.
   *
   * @throws {RapportError} when the bundle has no signals.
   */
  signals(history: History, options?: AskOptions): Promise<Signals> {
    return this.ask('signals', history, options).then(({ value }) => value as Signals);
  }

  /**
   * Whether the conversation converts: a probability with its interval, turn by turn, and what moved it.
   *
   * @throws {RapportError} when the bundle has no model of conversion.
   */
  async conversion(
    history: History,
    { domain, finished, signal }: ConversionOptions = {},
  ): Promise<ConversionPrediction> {
    const link = await this.ready();
    const answered = await link.send({ kind: 'conversion', history, circumstances: { domain, finished } }, { signal });
    return answered.value as ConversionPrediction;
  }

  /** All answers at once, and the milliseconds that the engine took. */
  async analyze(history: History, options?: AskOptions): Promise<Analysis & { milliseconds: number }> {
    const { value, milliseconds } = await this.ask('analyze', history, options);
    return { ...(value as Analysis), milliseconds };
  }

  /** Past conversations like this one, the bundle's and the user's own, and how near it is to won and to lost ones. */
  async similar(history: History, { k = 5, lambda, signal }: SimilarOptions = {}): Promise<Similar> {
    const link = await this.ready();
    return (await link.send({ kind: 'similar', history, k, lambda }, { signal })).value as Similar;
  }

  /**
   * Adds past conversations of the user's own; their vectors, names and outcomes stay on this device, beside the bundle,
   * their texts are not kept. Resolves to the number there are then.
   */
  addPast(conversations: PastConversation[], options?: AskOptions): Promise<number> {
    return this.changePast({ do: 'add', conversations }, options) as Promise<number>;
  }

  /** Forgets past conversations of the user's own. Resolves to the number that are left. */
  removePast(ids: string[], options?: AskOptions): Promise<number> {
    return this.changePast({ do: 'remove', ids }, options) as Promise<number>;
  }

  /** Replaces the user's own past conversations by exported ones. Resolves to their number. */
  importPast(bytes: Uint8Array, options?: AskOptions): Promise<number> {
    return this.changePast({ do: 'import', bytes }, options) as Promise<number>;
  }

  /** The user's own past conversations as bytes, without their texts: for {@link Rapport.importPast}. */
  exportPast(options?: AskOptions): Promise<Uint8Array> {
    return this.changePast({ do: 'export' }, options) as Promise<Uint8Array>;
  }

  /** What is loaded, where it came from and the memory it holds. */
  async status(): Promise<Status> {
    return (await (await this.ready()).send({ kind: 'status' })).value as Status;
  }

  /** Asks the registry again and changes to a newer bundle; questions are answered all the while. */
  async refresh(): Promise<Status> {
    const link = await this.ready();
    return (await link.send({ kind: 'refresh' }, { onProgress: this.onProgress })).value as Status;
  }

  /** Stops the Web Worker and frees what it holds. Whoever waits for an answer is told `disposed`. */
  dispose(): void {
    this.closed = true;
    this.link?.end(new RapportError('disposed', 'this engine was disposed of'));
  }

  private async ask(question: Question, history: History, options: AskOptions = {}): Promise<Answered> {
    const link = await this.ready();
    return link.send({ kind: 'ask', question, history }, { signal: options.signal });
  }

  private async changePast(past: PastRequest, options: AskOptions = {}): Promise<unknown> {
    const link = await this.ready();
    return (await link.send({ kind: 'past', past }, { signal: options.signal })).value;
  }

  private async ready(): Promise<Link> {
    await this.started;
    if (!this.link) throw new RapportError('disposed', 'this engine was disposed of');
    return this.link;
  }

  private async start(signal?: AbortSignal): Promise<Status> {
    let answering = false;
    const link = new Link(this.createWorker(), () => {
      // A crash leaves the module's memory in no known state, so the next question gets a new Web Worker. One that
      // could not even load would fail again.
      if (this.closed || !answering) return;
      this.started = this.start();
      this.started.catch(() => undefined);
    });
    this.link = link;
    const { value } = await link.send({ kind: 'load', load: this.load }, { signal, onProgress: this.onProgress });
    answering = true;
    return value as Status;
  }
}

function defaultWorker(): Worker {
  return new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'rapport' });
}
