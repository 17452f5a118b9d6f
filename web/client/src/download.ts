import { RapportError } from './errors.js';

/** How a download is made. */
export interface DownloadOptions {
  /** Bytes that are accepted at most. */
  limit: number;
  /** Called with the bytes at hand: it falls back to 0 when a failed attempt starts again. */
  onBytes?: (bytes: number) => void;
  /** `no-cache` asks the server again, `no-store` also leaves no copy in the browser's own cache. */
  cache: RequestCache;
  /** Gives the download up. */
  signal?: AbortSignal;
  /** Tries once and not for long, because there is something else to go on with. */
  hasty?: boolean;
}

const ATTEMPTS = 3;
const FIRST_PAUSE_MS = 300;
/** A connection that says nothing for this long is given up. */
const SILENCE_MS = 20_000;
/** The same for a caller that has something else to go on with. */
const HASTY_SILENCE_MS = 4_000;

/**
 * Fetches the bytes at an address. A lost connection and a server's error are tried again; an answer such as 404
 * is final.
 */
export async function download(url: string, options: DownloadOptions): Promise<Uint8Array> {
  const attempts = options.hasty ? 1 : ATTEMPTS;
  for (let attempt = 1; ; attempt++) {
    try {
      return await once(url, options);
    } catch (thrown) {
      const error = RapportError.from(thrown, 'network');
      if (attempt === attempts || !worthAnotherTry(error) || !navigator.onLine || options.signal?.aborted) throw error;
      options.onBytes?.(0);
      await new Promise((resolve) => setTimeout(resolve, FIRST_PAUSE_MS * 4 ** (attempt - 1)));
    }
  }
}

const worthAnotherTry = (error: RapportError): boolean =>
  error.code === 'network' || (error.code === 'http_status' && /answered (429|5\d\d)/.test(error.message));

async function once(url: string, options: DownloadOptions): Promise<Uint8Array> {
  const silence = new AbortController();
  const limit = options.hasty ? HASTY_SILENCE_MS : SILENCE_MS;
  let timer = setTimeout(() => silence.abort(), limit);
  const heard = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), limit);
  };
  try {
    const signal = options.signal ? AbortSignal.any([options.signal, silence.signal]) : silence.signal;
    const response = await fetch(url, { cache: options.cache, credentials: 'omit', signal });
    if (!response.ok) throw new RapportError('http_status', `${url} answered ${response.status}`);
    return await collect(url, response, options, heard);
  } catch (thrown) {
    if (thrown instanceof RapportError) throw thrown;
    const why = silence.signal.aborted ? `nothing came for ${limit / 1000} s` : (thrown as Error).message;
    throw new RapportError('network', `${url} could not be fetched: ${why}`, { cause: thrown });
  } finally {
    clearTimeout(timer);
  }
}

async function collect(
  url: string,
  response: Response,
  { limit, onBytes }: DownloadOptions,
  heard: () => void,
): Promise<Uint8Array> {
  const tooLarge = (): RapportError =>
    new RapportError('too_large', `${url} has more than the ${limit} bytes it may have`);
  if (!response.body) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Readers, since not every browser can iterate over a stream.
  const reader = response.body.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    heard();
    length += next.value.length;
    if (length > limit) {
      await reader.cancel();
      throw tooLarge();
    }
    chunks.push(next.value);
    onBytes?.(length);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
