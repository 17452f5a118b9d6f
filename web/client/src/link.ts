import { RapportError } from './errors.js';
import type { Reply, Request } from './protocol.js';
import type { LoadProgress } from './types.js';

/** A request without its number, which the link gives. */
export type Unnumbered = Request extends infer R ? (R extends Request ? Omit<R, 'id'> : never) : never;

/** What came back, and how long the Web Worker took for it. */
export interface Answered {
  value: unknown;
  milliseconds: number;
}

interface Pending {
  resolve(answer: Answered): void;
  reject(error: RapportError): void;
  onProgress: ((progress: LoadProgress) => void) | undefined;
}

/** Numbers the requests to one Web Worker and hands each answer to its asker. */
export class Link {
  private readonly pending = new Map<number, Pending>();
  private last = 0;
  private ended: RapportError | undefined;

  constructor(
    private readonly worker: Worker,
    /** Called once when the Web Worker can no longer answer. */
    private readonly onCrash: (error: RapportError) => void,
  ) {
    worker.onmessage = ({ data }: MessageEvent<Reply>) => this.receive(data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.crash(
        new RapportError('module', `the Web Worker failed: ${event.message || 'its script could not be loaded'}`),
      );
    };
  }

  /** Sends a request. An aborted signal rejects at once and takes the request back if it has not begun. */
  send(
    request: Unnumbered,
    options: { signal?: AbortSignal | undefined; onProgress?: ((progress: LoadProgress) => void) | undefined } = {},
  ): Promise<Answered> {
    const { signal, onProgress } = options;
    if (this.ended) return Promise.reject(this.ended);
    if (signal?.aborted) return Promise.reject(cancelled(signal));
    const id = ++this.last;
    return new Promise((resolve, reject) => {
      const cancel = (): void => {
        this.pending.delete(id);
        this.worker.postMessage({ id, kind: 'cancel' } satisfies Request);
        reject(cancelled(signal));
      };
      const forget = (): void => signal?.removeEventListener('abort', cancel);
      this.pending.set(id, {
        resolve(answer) {
          forget();
          resolve(answer);
        },
        reject(error) {
          forget();
          reject(error);
        },
        onProgress,
      });
      signal?.addEventListener('abort', cancel, { once: true });
      this.worker.postMessage({ ...request, id } as Request);
    });
  }

  /** Stops the Web Worker; whoever waits is told why. */
  end(reason: RapportError): void {
    if (this.ended) return;
    this.ended = reason;
    this.worker.terminate();
    for (const { reject } of this.pending.values()) reject(reason);
    this.pending.clear();
  }

  private receive(reply: Reply): void {
    const asker = this.pending.get(reply.id);
    if (reply.kind === 'progress') {
      asker?.onProgress?.(reply.progress);
      return;
    }
    this.pending.delete(reply.id);
    if (reply.kind === 'done') {
      asker?.resolve({ value: reply.value, milliseconds: reply.milliseconds });
      return;
    }
    const error = RapportError.fromRecord(reply.error);
    asker?.reject(error);
    if (error.code === 'engine_crashed') this.crash(error);
  }

  private crash(error: RapportError): void {
    if (this.ended) return;
    this.end(error);
    this.onCrash(error);
  }
}

const cancelled = (signal: AbortSignal | undefined): RapportError =>
  new RapportError('cancelled', 'the request was cancelled', { cause: signal?.reason });
