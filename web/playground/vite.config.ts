import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, normalize } from 'node:path';
import { type Connect, defineConfig, type Plugin } from 'vite';

// One place for the policy: the page carries it, and static hosts send it for the Web Worker too (`_headers`).
const POLICY = /Content-Security-Policy: (.*)/.exec(readFileSync('public/_headers', 'utf8'))?.[1] ?? '';

export default defineConfig({
  base: './',
  worker: { format: 'es' },
  build: {
    target: 'es2023',
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: { index: 'index.html', sw: 'src/service-worker.ts' },
      output: {
        entryFileNames: (chunk) => (chunk.name === 'sw' ? 'sw.js' : 'assets/[name]-[hash].js'),
      },
    },
  },
  preview: { headers: { 'Content-Security-Policy': POLICY } },
  plugins: [contentPolicy(), precache(), serveRegistry()],
});

/** Puts the policy into the built page; while developing, Vite needs inline styles and a socket. */
function contentPolicy(): Plugin {
  // A page cannot say who may frame it: that directive works in headers alone.
  const content = POLICY.replace(/; frame-ancestors [^;]*/, '');
  return {
    name: 'content-policy',
    apply: 'build',
    transformIndexHtml: () => [
      { tag: 'meta', attrs: { 'http-equiv': 'Content-Security-Policy', content }, injectTo: 'head-prepend' },
    ],
  };
}

/** Tells the service worker which files the page is made of. */
function precache(): Plugin {
  return {
    name: 'precache',
    apply: 'build',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        const worker = bundle['sw.js'];
        if (worker?.type !== 'chunk') this.error('the service worker is missing from the bundle');
        const files = Object.keys(bundle).filter((name) => name !== 'sw.js' && name !== 'index.html');
        const list = JSON.stringify(['./', './icon.svg', ...files.map((name) => `./${name}`).sort()]);
        const page = bundle['index.html'];
        const version = createHash('sha256').update(list);
        if (page?.type === 'asset') version.update(page.source);
        worker.code = worker.code
          .replace(/(["'`])__FILES__\1/, JSON.stringify(list))
          .replace('__VERSION__', version.digest('hex').slice(0, 12));
      },
    },
  };
}

/** Serves a registry at `registry/`, as a static host would: `rapport registry export --out DIR` lays it out. */
function serveRegistry(): Plugin {
  const cache = process.env.RAPPORT_CACHE ?? join(homedir(), '.cache', 'rapport');
  const folder = process.env.RAPPORT_REGISTRY_DIR ?? join(cache, 'registry-export');
  const serve: Connect.NextHandleFunction = (request, response, next) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname));
    if (!path.startsWith('/registry/')) return next();
    const stream = createReadStream(join(folder, path.slice('/registry/'.length)));
    stream.on('open', () => response.setHeader('Content-Type', 'application/octet-stream'));
    stream.on('error', () => {
      response.statusCode = 404;
      response.end(`not in ${folder}; lay it out with: rapport registry export --out DIR\n`);
    });
    stream.pipe(response);
  };
  return {
    name: 'serve-registry',
    configureServer: (server) => void server.middlewares.use(serve),
    configurePreviewServer: (server) => void server.middlewares.use(serve),
  };
}
