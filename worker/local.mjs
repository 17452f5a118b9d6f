// The edge on this machine: workerd with the bindings of wrangler.toml, as `wrangler dev` has them, but fed from a
// folder that `rapport registry export` wrote. Used by dev.mjs and by tests/worker.

import { existsSync, readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare';
import { unstable_getMiniflareWorkerOptions } from 'wrangler';

const here = fileURLToPath(new URL('.', import.meta.url));
const build = join(here, 'build');

/**
 * Starts the built Worker.
 *
 * @param {object} options
 * @param {number} [options.port] port to listen on; a free one by default
 * @param {string} [options.host] address to listen on; this machine only by default
 * @param {Record<string, string>} [options.vars] instead of the `[vars]` of wrangler.toml, one by one
 * @param {{limit: number, period: 10 | 60} | null} [options.rateLimit] instead of the limit of wrangler.toml; null for none
 * @param {string} [options.entry] source of a module to put in front of the Worker, which it imports as "./index.js"
 * @param {(log: {level: string, message: string}) => void} [options.onLog] what the Worker writes to its log
 */
export async function startEdge({ port, host = '127.0.0.1', vars = {}, rateLimit, entry, onLog } = {}) {
  if (!existsSync(join(build, 'index_bg.wasm'))) {
    throw new Error('worker/build is empty; run scripts/build-worker first');
  }
  const { workerOptions } = unstable_getMiniflareWorkerOptions(join(here, 'wrangler.toml'));
  const [[limiter, configured]] = Object.entries(workerOptions.ratelimits);
  const simple = rateLimit === undefined ? configured.simple : rateLimit;
  const modules = [
    { type: 'ESModule', path: join(build, 'index.js') },
    { type: 'CompiledWasm', path: join(build, 'index_bg.wasm'), contents: readFileSync(join(build, 'index_bg.wasm')) },
  ];
  if (entry) modules.unshift({ type: 'ESModule', path: join(build, 'entry.js'), contents: entry });
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      name: 'rapport',
      modules,
      modulesRoot: build,
      compatibilityDate: workerOptions.compatibilityDate,
      compatibilityFlags: workerOptions.compatibilityFlags,
      bindings: { ...workerOptions.bindings, ...vars },
      kvNamespaces: Object.keys(workerOptions.kvNamespaces),
      r2Buckets: Object.keys(workerOptions.r2Buckets),
      ratelimits: simple === null ? {} : { [limiter]: { namespace_id: configured.namespace_id, simple } },
      // Tests say who asks; on Cloudflare the header is always the network's own.
      stripCfConnectingIp: false,
      cf: false,
      telemetry: { enabled: false },
      host,
      port: port ?? 0,
      log: new Log(LogLevel.NONE),
      handleStructuredLogs: (log) => onLog?.(log),
    }),
  );
  const url = await runtime.ready;
  return new Edge(runtime, url);
}

/** A running edge. */
class Edge {
  constructor(runtime, url) {
    this.runtime = runtime;
    this.url = url;
  }

  /** Writes the manifest into KV. */
  async putManifest(text) {
    const kv = await this.runtime.getKVNamespace('REGISTRY');
    await kv.put('registry.json', text);
  }

  /** Takes the manifest out of KV. */
  async dropManifest() {
    const kv = await this.runtime.getKVNamespace('REGISTRY');
    await kv.delete('registry.json');
  }

  /** Writes an artifact into R2. */
  async putArtifact(hash, bytes) {
    const bucket = await this.runtime.getR2Bucket('ARTIFACTS');
    await bucket.put(`artifacts/${hash}`, bytes);
  }

  /** Takes an artifact out of R2. */
  async dropArtifact(hash) {
    const bucket = await this.runtime.getR2Bucket('ARTIFACTS');
    await bucket.delete(`artifacts/${hash}`);
  }

  /** Publishes a folder of `rapport registry export`: artifacts first, so that the manifest never names what is not there. */
  async publish(folder) {
    for (const hash of await readdir(join(folder, 'artifacts'))) {
      await this.putArtifact(hash, await readFile(join(folder, 'artifacts', hash)));
    }
    await this.putManifest(await readFile(join(folder, 'registry.json'), 'utf8'));
  }

  /** A request over the network. */
  fetch(path, init) {
    return fetch(new URL(path, this.url), init);
  }

  /** Stops it. */
  stop() {
    return this.runtime.dispose();
  }
}
