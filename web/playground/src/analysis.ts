import { type Analysis, type Rapport, RapportError } from '@rapport/client';
import type { Turn } from './transcript.js';

/** Typing rests this long before the engine is asked. */
const PAUSE_MS = 150;

/** Told what became of the last question. */
export interface Listener {
  answered(answer: Analysis & { milliseconds: number }, turns: Turn[]): void;
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
      const answer = await rapport.analyze({ history: turns }, { signal: this.current.signal });
      if (turns === this.turns) this.listener.answered(answer, turns);
    } catch (thrown) {
      const error = RapportError.from(thrown, 'engine');
      if (error.code !== 'cancelled') this.listener.refused(error);
    }
  }
}
