import { type Analysis, type History, type Rapport, RapportError, type Signals } from '@rapport/client';
import type { Turn } from './transcript.js';

/** Typing rests this long before the engine is asked. */
const PAUSE_MS = 150;

/** The answers to one history. */
export interface Answers extends Analysis {
  milliseconds: number;
  /** Absent when the bundle has none. */
  signals?: Signals;
}

/** Told what became of the last question. */
export interface Listener {
  answered(answer: Answers, turns: Turn[]): void;
  refused(error: RapportError): void;
}

/** Asks about the newest turns only: a question that is overtaken is taken back. */
export class Analyst {
  private rapport: Rapport | undefined;
  private turns: Turn[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private current = new AbortController();

  constructor(private readonly listener: Listener) {}

  /** Gives the engine, which may come after the first question. */
  use(rapport: Rapport): void {
    this.rapport = rapport;
    void this.ask();
  }

  /** Changes the question; with no pause, it is asked at once. */
  about(turns: Turn[], pause = PAUSE_MS): void {
    this.turns = turns;
    this.current.abort();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.ask(), pause);
  }

  private async ask(): Promise<void> {
    const rapport = this.rapport;
    const turns = this.turns;
    if (!rapport || turns.length === 0) return;
    this.current.abort();
    this.current = new AbortController();
    try {
      const history = { history: turns };
      const { signal } = this.current;
      const [answer, signals] = await Promise.all([
        rapport.analyze(history, { signal }),
        signalsOf(rapport, history, signal),
      ]);
      if (turns === this.turns) this.listener.answered({ ...answer, ...(signals && { signals }) }, turns);
    } catch (thrown) {
      const error = RapportError.from(thrown, 'engine');
      if (error.code !== 'cancelled') this.listener.refused(error);
    }
  }
}

/** The signals; undefined when the bundle has none. The engine has read the turns for the other answers already. */
async function signalsOf(rapport: Rapport, history: History, signal: AbortSignal): Promise<Signals | undefined> {
  try {
    return await rapport.signals(history, { signal });
  } catch (thrown) {
    if (RapportError.from(thrown, 'engine').code === 'missing_artifact') return undefined;
    throw thrown;
  }
}
