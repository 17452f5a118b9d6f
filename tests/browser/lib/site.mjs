// Serves the built playground, the client and a registry, as a static host would, and keeps account of it.

import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { homedir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const playground = join(root, 'web/playground/dist');
const policy = /Content-Security-Policy: (.*)/.exec(
  readFileSync(join(root, 'web/playground/public/_headers'), 'utf8'),
)[1];

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
};

/** The registry that the tests serve: `rapport registry export --out DIR` lays it out. */
export const registryFolder =
  process.env.RAPPORT_REGISTRY_DIR ??
  join(process.env.RAPPORT_CACHE ?? join(homedir(), '.cache', 'rapport'), 'registry-export');

for (const [file, mend] of [
  [join(registryFolder, 'registry.json'), 'run scripts/bundle'],
  [join(playground, 'index.html'), 'run: npm run build --workspace @rapport/playground'],
  [join(root, 'web/client/dist/index.js'), 'run: npm run build --workspace @rapport/client'],
  [join(root, 'web/client/pkg/relaxed/rapport_wasm_bg.wasm'), 'run scripts/build-wasm'],
]) {
  if (!existsSync(file)) throw new Error(`${file} is missing; ${mend}`);
}

/** A server on a port of its own. */
export class Site {
  /** Every request since the last `forget`, as paths. */
  requests = [];
  /** What to answer instead, by path: `(file's bytes or null) => {status, body}`. */
  overrides = new Map();
  #server;
  #port = 0;

  async start() {
    this.#server = createServer((request, response) => this.#answer(request, response));
    await new Promise((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = this.#server.address().port;
  }

  /** Takes the server off the network: connections are refused until `start`. */
  async stop() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** The playground's address. */
  get url() {
    return `http://127.0.0.1:${this.#port}/`;
  }

  /** A page without content, for the client alone. */
  get blank() {
    return `${this.url}blank.html`;
  }

  forget() {
    this.requests = [];
  }

  /** Requests for artifacts since the last `forget`. */
  get artifactRequests() {
    return this.requests.filter((path) => path.startsWith('/registry/artifacts/'));
  }

  #answer(request, response) {
    const path = normalize(decodeURIComponent(new URL(request.url, this.url).pathname));
    this.requests.push(path);
    if (path === '/blank.html') return void response.setHeader('content-type', TYPES['.html']).end('<!doctype html>');
    const file = fileOf(path);
    const found = file && existsSync(file) && statSync(file).isFile();
    const override = this.overrides.get(path);
    response.setHeader('content-type', TYPES[extname(file ?? '')] ?? 'application/octet-stream');
    response.setHeader('cache-control', path.startsWith('/assets/') ? 'max-age=31536000, immutable' : 'no-cache');
    // Workers take the policy of their own answer, not that of the page.
    if (!path.startsWith('/client/')) response.setHeader('content-security-policy', policy);
    if (override) {
      const { status = 200, body } = override(found ? readFileSync(file) : null);
      response.statusCode = status;
      return void response.end(body);
    }
    if (!found) {
      response.statusCode = 404;
      return void response.end();
    }
    createReadStream(file).pipe(response);
  }
}

function fileOf(path) {
  if (path.startsWith('/registry/')) return join(registryFolder, path.slice('/registry/'.length));
  if (path.startsWith('/client/')) return join(root, 'web/client', path.slice('/client/'.length));
  return join(playground, path === '/' ? 'index.html' : path);
}
