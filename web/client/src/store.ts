/**
 * What is kept between visits: artifacts under their SHA-256, the last manifest whose bundle answered, the
 * newest version ever trusted, and the user's own past conversations, without their texts.
 */
export interface Store {
  /** False when nothing outlives the Web Worker. */
  readonly persistent: boolean;
  /** The bytes kept under a name, or undefined. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Keeps bytes under a name. Resolves to false when there is no room. */
  write(name: string, bytes: Uint8Array): Promise<boolean>;
  /** Forgets a name. */
  remove(name: string): Promise<void>;
  /** Every name that is kept. */
  names(): Promise<string[]>;
}

/** The name under which an artifact is kept. */
export const artifactName = (sha256: string): string => `artifacts/${sha256}`;
/** The name of the last manifest whose bundle answered. */
export const MANIFEST = 'registry.json';
/** The name of the newest manifest that was trusted. */
export const TRUST = 'trust.json';
/** The name of the user's own past conversations. */
export const PAST = 'past.bin';

// Cache Storage wants http(s) addresses as keys, on pages of any scheme; this host exists nowhere.
const KEYS = 'https://rapport.invalid/';

/** Opens the store of one registry; two registries on one origin never share anything. */
export async function openStore(cache: string | null, registryUrl: string): Promise<Store> {
  if (cache === null || typeof caches === 'undefined') return new MemoryStore();
  try {
    return new CacheStore(await caches.open(`${cache} ${registryUrl}`));
  } catch {
    // Private windows and blocked storage: loading still works, it only has to fetch each time.
    return new MemoryStore();
  }
}

class CacheStore implements Store {
  readonly persistent = true;

  constructor(private readonly cache: Cache) {}

  async read(name: string): Promise<Uint8Array | undefined> {
    const response = await this.cache.match(KEYS + name);
    return response && new Uint8Array(await response.arrayBuffer());
  }

  async write(name: string, bytes: Uint8Array): Promise<boolean> {
    try {
      await this.cache.put(KEYS + name, new Response(bytes as Uint8Array<ArrayBuffer>));
      return true;
    } catch {
      return false;
    }
  }

  async remove(name: string): Promise<void> {
    await this.cache.delete(KEYS + name);
  }

  async names(): Promise<string[]> {
    return (await this.cache.keys()).map((request) => request.url.slice(KEYS.length));
  }
}

/** Keeps manifests for the life of the Web Worker; artifacts are not worth holding twice. */
class MemoryStore implements Store {
  readonly persistent = false;
  private readonly kept = new Map<string, Uint8Array>();

  async read(name: string): Promise<Uint8Array | undefined> {
    return this.kept.get(name);
  }

  async write(name: string, bytes: Uint8Array): Promise<boolean> {
    if (name.startsWith('artifacts/')) return false;
    this.kept.set(name, bytes);
    return true;
  }

  async remove(name: string): Promise<void> {
    this.kept.delete(name);
  }

  async names(): Promise<string[]> {
    return [...this.kept.keys()];
  }
}
