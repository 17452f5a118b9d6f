/** The entry point of the Web Worker. */
import { isCrash } from './engine.js';
import { RapportError } from './errors.js';
import type { Reply, Request } from './protocol.js';
import { Session } from './session.js';

interface WorkerScope {
  onmessage: ((event: MessageEvent<Request>) => void) | null;
  postMessage(reply: Reply): void;
}

const scope = globalThis as unknown as WorkerScope;
// Questions wait here for one turn of the event loop each, so that a cancellation can overtake them.
const waiting: Request[] = [];
const turn = new MessageChannel();
let session: Session | undefined;

scope.onmessage = ({ data }) => {
  if (data.kind === 'cancel') {
    const at = waiting.findIndex(({ id }) => id === data.id);
    if (at >= 0) waiting.splice(at, 1);
  } else {
    waiting.push(data);
    turn.port2.postMessage(null);
  }
};

turn.port1.onmessage = () => {
  const request = waiting.shift();
  if (request) void answer(request);
};

async function answer(request: Request): Promise<void> {
  const { id } = request;
  const begin = performance.now();
  try {
    const value = await handle(request);
    scope.postMessage({ id, kind: 'done', value, milliseconds: performance.now() - begin });
  } catch (thrown) {
    const error = isCrash(thrown)
      ? new RapportError('engine_crashed', `the engine stopped: ${(thrown as Error).message}`)
      : RapportError.from(thrown, 'engine');
    scope.postMessage({ id, kind: 'failed', error: error.toRecord() });
  }
}

function handle(request: Request): unknown {
  switch (request.kind) {
    case 'load':
      session = new Session(request.load, (progress) =>
        scope.postMessage({ id: request.id, kind: 'progress', progress }),
      );
      return session.load();
    case 'refresh':
      return loaded().load();
    case 'status':
      return loaded().status();
    case 'ask':
      return loaded().ask(request.question, request.history);
    case 'conversion':
      return loaded().conversion(request.history, request.circumstances);
    case 'similar':
      return loaded().similar(request.history, request.k, request.lambda);
    case 'past':
      return loaded().past.handle(request.past);
    case 'cancel':
      return undefined;
  }
}

function loaded(): Session {
  if (!session) throw new RapportError('disposed', 'ask for a load first');
  return session;
}
