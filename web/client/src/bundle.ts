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
    const stored = await fromStore(manifest, artifact, store);
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
    manifest.verifyArtifact(artifact.sha256, bytes);
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

async function fromStore(
  manifest: VerifiedManifest,
  artifact: ArtifactEntry,
  store: Store,
): Promise<Uint8Array | undefined> {
  const bytes = await store.read(artifactName(artifact.sha256));
  if (!bytes) return undefined;
  try {
    manifest.verifyArtifact(artifact.sha256, bytes);
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
