import { type Engine, isCrash } from './engine.js';
import { RapportError } from './errors.js';
import type { PastRequest } from './protocol.js';
import { PAST, type Store } from './store.js';
import type { PastConversation, Status } from './types.js';

/** The user's own past conversations: in the engine while it runs, in the store between visits, nowhere else. */
export class PastKeeper {
  private problem: RapportError | undefined;

  constructor(
    private readonly engine: () => Engine,
    private readonly store: () => Store | undefined,
  ) {}

  /** How many there are, and why kept ones are not in use. */
  status(): Status['past'] {
    const count = this.engine().pastCount;
    return this.problem ? { count, problem: this.problem.toRecord() } : { count };
  }

  /**
   * Gives a new engine what the store keeps. What cannot be used stays in the store until the next change: an older
   * bundle may be able to read it.
   */
  async restore(engine: Engine, store: Store): Promise<void> {
    this.problem = undefined;
    const kept = await store.read(PAST);
    if (!kept) return;
    try {
      engine.importPast(kept);
    } catch (thrown) {
      if (isCrash(thrown)) throw thrown;
      this.problem = RapportError.from(thrown, 'engine');
    }
  }

  /** Makes a change and keeps it: the number of conversations there are then. An export gives their bytes. */
  async handle(request: PastRequest): Promise<number | Uint8Array> {
    const engine = this.engine();
    switch (request.do) {
      case 'export':
        return engine.exportPast();
      case 'import':
        engine.importPast(request.bytes);
        break;
      case 'remove':
        for (const id of request.ids) engine.removePast(id);
        break;
      case 'add':
        addAll(engine, request.conversations);
        break;
    }
    await this.store()?.write(PAST, engine.exportPast());
    this.problem = undefined;
    return engine.pastCount;
  }
}

/** Adds all of them or, when one cannot be added, none. */
function addAll(engine: Engine, conversations: PastConversation[]): void {
  const before = engine.exportPast();
  try {
    for (const { id, history, outcome } of conversations) engine.addPast(id, { history }, outcome);
  } catch (thrown) {
    if (!isCrash(thrown)) engine.importPast(before);
    throw thrown;
  }
}
