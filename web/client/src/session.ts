import { bundleFiles, evictOthers, keptArtifacts } from './bundle.js';
import { download } from './download.js';
import { type BundleEntry, type Engine, type Module, startModule, type VerifiedManifest } from './engine.js';
import { RapportError } from './errors.js';
import { PastKeeper } from './past.js';
import type { Circumstances, LoadRequest, Question } from './protocol.js';
import { MANIFEST, openStore, type Store, TRUST } from './store.js';
import type { History, LoadProgress, Status } from './types.js';

/** The alias that every face answers with. */
const ALIAS = 'champion';
/** Bytes of `registry.json` that are read at most; the engine's own limit is lower. */
const MANIFEST_LIMIT = 8 << 20;

/** A manifest that is trusted, with the bytes that it was read from. */
interface Trusted {
  manifest: VerifiedManifest;
  bytes: Uint8Array;
  source: 'network' | 'cache';
}

/** What answers now. */
interface Running {
  engine: Engine;
  bundle: string;
  status: Omit<Status, 'memoryBytes' | 'module' | 'engine' | 'past'>;
}

/** Loads a bundle and answers with it: all that happens in the Web Worker but the posting of messages. */
export class Session {
  private store: Store | undefined;
  private running: Running | undefined;
  private module: Module | undefined;
  /** The user's own past conversations. */
  readonly past = new PastKeeper(
    () => this.loaded().engine,
    () => this.store,
  );

  constructor(
    private readonly request: LoadRequest,
    private readonly onProgress: (progress: LoadProgress) => void,
  ) {}

  /**
   * Asks the registry, gets what is missing and changes to the champion bundle; the engine of before answers until
   * then. When the registry cannot be reached, or what it gives must not be trusted, the last good bundle is used
   * and the status says why. Rejects only when there is none.
   */
  async load(): Promise<Status> {
    const begin = performance.now();
    this.progress({ phase: 'module' });
    const opened = Promise.resolve(this.store ?? openStore(this.request.cache, this.request.registryUrl));
    // An engine that is there already has read them.
    const early = this.running ? new Map<string, Uint8Array>() : opened.then(keptArtifacts);
    const [module, store, kept] = await Promise.all([startModule(), opened, early]);
    this.module = module;
    this.store = store;

    let problem: RapportError | undefined;
    try {
      this.progress({ phase: 'manifest' });
      await this.change(await this.fetchManifest(store), store, kept, begin, undefined);
      return this.status();
    } catch (thrown) {
      problem = RapportError.from(thrown, 'network');
    }
    if (this.running) {
      this.running.status = { ...this.running.status, ...because(problem) };
    } else {
      const trusted = await this.keptManifest(store);
      if (!trusted) throw problem;
      await this.change(trusted, store, kept, begin, problem);
    }
    return this.status();
  }

  /** What is loaded. */
  status(): Status {
    const { engine, status } = this.loaded();
    const { flavour, kernel, memory } = this.code();
    return {
      ...status,
      memoryBytes: memory.buffer.byteLength,
      module: { flavour, kernel },
      past: this.past.status(),
      engine: engine.info() as Status['engine'],
    };
  }

  /** Answers one question. */
  ask(question: Question, history: History): unknown {
    return this.loaded().engine[question](history);
  }

  /** Whether the conversation converts. */
  conversion(history: History, circumstances: Circumstances): unknown {
    return this.loaded().engine.conversion(history, circumstances);
  }

  /** Past conversations like this one. */
  similar(history: History, k: number, lambda: number | undefined): unknown {
    return this.loaded().engine.similar(history, k, lambda);
  }

  private loaded(): Running {
    if (!this.running) throw new RapportError('disposed', 'the engine is not loaded');
    return this.running;
  }

  private code(): Module {
    if (!this.module) throw new RapportError('disposed', 'the engine is not loaded');
    return this.module;
  }

  private progress(step: Pick<LoadProgress, 'phase'> & Partial<LoadProgress>): void {
    this.onProgress({ loadedBytes: 0, totalBytes: 0, fetchedBytes: 0, ...step });
  }

  private async fetchManifest(store: Store): Promise<Trusted> {
    const hasty = this.running !== undefined || (await store.read(MANIFEST)) !== undefined;
    const bytes = await download(this.request.registryUrl, { limit: MANIFEST_LIMIT, cache: 'no-cache', hasty });
    const manifest = this.verify(bytes, decode(await store.read(TRUST)));
    // From here on no lower version is accepted, even when this one's bundle turns out to be unusable.
    await store.write(TRUST, encode(manifest.trust));
    return { manifest, bytes, source: 'network' };
  }

  private verify(bytes: Uint8Array, trust: string | undefined): VerifiedManifest {
    return this.code().VerifiedManifest.verify(bytes, trust, Date.now());
  }

  private async keptManifest(store: Store): Promise<Trusted | undefined> {
    const bytes = await store.read(MANIFEST);
    if (!bytes) return undefined;
    try {
      // It answered before, so it is held to its signature and its expiry, not to the versions seen since.
      return { manifest: this.verify(bytes, undefined), bytes, source: 'cache' };
    } catch {
      return undefined;
    }
  }

  private async change(
    trusted: Trusted,
    store: Store,
    kept: Map<string, Uint8Array>,
    begin: number,
    problem: RapportError | undefined,
  ): Promise<void> {
    const { manifest, bytes, source } = trusted;
    try {
      const bundle = manifest.bundle(ALIAS) as BundleEntry;
      const totalBytes = bundle.artifacts.reduce((sum, artifact) => sum + artifact.bytes, 0);
      let fetchedBytes = 0;
      let { engine, persistent } = { engine: this.running?.engine, persistent: store.persistent };
      if (bundle.id !== this.running?.bundle) {
        const got = await bundleFiles(
          manifest,
          bundle,
          this.request.registryUrl,
          store,
          kept,
          (loadedBytes, fetched) => {
            fetchedBytes = fetched;
            this.progress({ phase: 'artifacts', loadedBytes, totalBytes, fetchedBytes });
          },
        );
        persistent &&= got.kept;
        this.progress({ phase: 'engine', loadedBytes: totalBytes, totalBytes, fetchedBytes });
        const { Engine } = this.code();
        engine = new Engine(got.files);
        await this.past.restore(engine, store);
        this.running?.engine.free();
      }
      this.running = {
        engine: engine as Engine,
        bundle: bundle.id,
        status: {
          bundle: bundle.id,
          manifestVersion: manifest.version,
          manifestExpiresAt: manifest.expiresAt,
          freshness: manifest.freshness,
          manifestSource: source,
          ...because(problem),
          persistent,
          bundleBytes: totalBytes,
          fetchedBytes,
          loadMilliseconds: performance.now() - begin,
        },
      };
      await store.write(MANIFEST, bytes);
      await evictOthers(bundle, store);
      this.progress({ phase: 'ready', loadedBytes: totalBytes, totalBytes, fetchedBytes });
    } finally {
      manifest.free();
    }
  }
}

const because = (problem: RapportError | undefined): Pick<Status, 'offline' | 'problem'> =>
  problem ? { offline: problem.code === 'network', problem: problem.toRecord() } : { offline: false };

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array | undefined): string | undefined => bytes && new TextDecoder().decode(bytes);
