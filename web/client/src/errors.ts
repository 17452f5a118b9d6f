/**
 * What went wrong, as a word that a program can test.
 *
 * From the page and its surroundings: `unsupported` (the browser lacks Web Workers or WebAssembly with
 * SIMD), `module` (the engine's own code could not be loaded), `cancelled`, `disposed`, `engine_crashed`.
 *
 * From loading: `network` (no answer), `http_status` (an answer other than 200), `too_large` (more bytes than the
 * manifest names), and the words of the registry crate for a manifest or an artifact that must not be
 * trusted. They are passed on as they come, so this type also admits other words.
 *
 * From asking: the words of the conversation crate for a wrong history, such as `speaker_unknown`, with the
 * part that is wrong in {@link RapportError.field}.
 */
export type RapportErrorCode =
  | 'unsupported'
  | 'module'
  | 'network'
  | 'http_status'
  | 'too_large'
  | 'cancelled'
  | 'disposed'
  | 'engine_crashed'
  | (string & {});

/** An error as it crosses from the Web Worker to the page. */
export interface ErrorRecord {
  code: string;
  message: string;
  field?: string;
}

/** Every error that this package throws or rejects with. */
export class RapportError extends Error {
  override readonly name = 'RapportError';
  /** What went wrong, as a word. */
  readonly code: RapportErrorCode;
  /** The part of the input that is wrong, such as `history[2].speaker`, when there is one. */
  readonly field: string | undefined;

  constructor(code: RapportErrorCode, message: string, options: { field?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.field = options.field;
  }

  /** Any thrown value as a `RapportError`; `code` is used when the value names none of its own. */
  static from(thrown: unknown, code: RapportErrorCode): RapportError {
    if (thrown instanceof RapportError) return thrown;
    if (thrown instanceof Error) {
      const own = thrown as Error & { code?: unknown; field?: unknown };
      return new RapportError(typeof own.code === 'string' ? own.code : code, thrown.message, {
        ...(typeof own.field === 'string' ? { field: own.field } : {}),
        cause: thrown,
      });
    }
    return new RapportError(code, String(thrown), { cause: thrown });
  }

  /** The parts that can be posted between threads. */
  toRecord(): ErrorRecord {
    return { code: this.code, message: this.message, ...(this.field === undefined ? {} : { field: this.field }) };
  }

  /** The error that a record describes. */
  static fromRecord(record: ErrorRecord): RapportError {
    return new RapportError(record.code, record.message, record.field === undefined ? {} : { field: record.field });
  }
}
