import { download } from './download.js';
import type { ArtifactEntry, BundleEntry, VerifiedManifest } from './engine.js';
import { artifactName, type Store } from './store.js';

/** How many artifacts are fetched at a time. */
const PARALLEL = 4;

/** The files of a bundle, verified. */
export interface BundleFiles {
  files: Map<string, Uint8Array>;
  /** False when an artifact could not be kept for the next visit. */
  kept: boolean;
}

/** Bytes at hand, and those of them that came over the network. */
export type OnBytes = (loaded: number, fetched: number) => void;

/**
 * Gets every artifact of a bundle: from the store where its hash still fits, else from `artifacts/<sha256>` beside
 * the manifest. Nothing is returned or kept that the manifest does not vouch for.
 */
export async function bundleFiles(
  manifest: VerifiedManifest,
  bundle: BundleEntry,
  registryUrl: string,
  store: Store,
  early: Map<string, Uint8Array>,
  onBytes: OnBytes,
): Promise<BundleFiles> {
  const files = new Map<string, Uint8Array>();
  const loaded = new Map<string, number>();
  const fetched = new Map<string, number>();
  const sum = (numbers: Map<string, number>): number => [...numbers.values()].reduce((a, b) => a + b, 0);
  const tell = (): void => onBytes(sum(loaded), sum(fetched));
  const abort = new AbortController();
  let kept = store.persistent;

  const get = async (artifact: ArtifactEntry): Promise<void> => {
    const stored = early.get(artifact.sha256) ?? (await fromStore(manifest, artifact, store));
    if (stored) {
      loaded.set(artifact.sha256, stored.length);
      tell();
      files.set(artifact.name, stored);
      return;
    }
    const bytes = await download(new URL(`artifacts/${artifact.sha256}`, registryUrl).href, {
      limit: artifact.bytes,
      // The store is the cache: a second copy in the browser's own would only take room.
      cache: store.persistent ? 'no-store' : 'default',
      signal: abort.signal,
      onBytes: (count) => {
        loaded.set(artifact.sha256, count);
        fetched.set(artifact.sha256, count);
        tell();
      },
    });
    await verify(manifest, artifact, bytes);
    kept = (await store.write(artifactName(artifact.sha256), bytes)) && kept;
    files.set(artifact.name, bytes);
  };

  // Largest first, so that the last one to arrive is not also the longest.
  const waiting = [...bundle.artifacts].sort((a, b) => b.bytes - a.bytes);
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next && !abort.signal.aborted; next = waiting.shift()) await get(next);
  };
  let failure: { reason: unknown } | undefined;
  const fail = (reason: unknown): void => {
    failure ??= { reason };
    abort.abort();
  };
  // Every lane has ended when this resolves, so the caller may free the manifest.
  await Promise.all(Array.from({ length: PARALLEL }, () => lane().catch(fail)));
  if (failure) throw failure.reason;
  return { files, kept };
}

/**
 * Throws unless the bytes are those of the artifact. The browser's own SHA-256 is several times faster than the
 * module's, which is asked where there is none (on pages without TLS) and for the reason when they differ.
 */
async function verify(manifest: VerifiedManifest, artifact: ArtifactEntry, bytes: Uint8Array): Promise<void> {
  if (bytes.length === artifact.bytes && (await sha256(bytes)) === artifact.sha256) return;
  manifest.verifyArtifact(artifact.sha256, bytes);
}

/** SHA-256 in hexadecimal by the browser's own code; undefined where a page has none. */
async function sha256(bytes: Uint8Array): Promise<string | undefined> {
  if (!globalThis.crypto?.subtle) return undefined;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * What the store keeps, by the hash of what was read: so it is verified before a manifest is there to ask for it. Read
 * while the engine's code is still being compiled. Empty where the browser has no hash of its own.
 */
export async function keptArtifacts(store: Store): Promise<Map<string, Uint8Array>> {
  const kept = new Map<string, Uint8Array>();
  const names = (await store.names()).filter((name) => name.startsWith(artifactName('')));
  await Promise.all(
    names.map(async (name) => {
      const bytes = await store.read(name);
      const hash = bytes && (await sha256(bytes));
      if (hash) kept.set(hash, bytes);
    }),
  );
  return kept;
}

async function fromStore(
  manifest: VerifiedManifest,
  artifact: ArtifactEntry,
  store: Store,
): Promise<Uint8Array | undefined> {
  const bytes = await store.read(artifactName(artifact.sha256));
  if (!bytes) return undefined;
  try {
    await verify(manifest, artifact, bytes);
    return bytes;
  } catch {
    await store.remove(artifactName(artifact.sha256));
    return undefined;
  }
}

/** Forgets every artifact that the bundle does not name. */
export async function evictOthers(bundle: BundleEntry, store: Store): Promise<void> {
  const wanted = new Set(bundle.artifacts.map(({ sha256 }) => artifactName(sha256)));
  const names = await store.names();
  await Promise.all(
    names.filter((name) => name.startsWith(artifactName('')) && !wanted.has(name)).map((name) => store.remove(name)),
  );
}
