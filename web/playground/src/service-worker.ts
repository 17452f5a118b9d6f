/** Keeps the page's own files, so that it opens without a network. Models are kept by the client. */
const scope = self as unknown as ServiceWorkerGlobalScope;

/** Filled in when the page is built: every file by its address, each with a hash in its name but the first two. */
const FILES = JSON.parse('__FILES__') as string[];
const PREFIX = 'playground ';
const CACHE = `${PREFIX}__VERSION__`;

const address = (file: string): string => new URL(file, scope.registration.scope).href;

scope.addEventListener('install', (event) => {
  const keep = async (): Promise<void> => {
    const cache = await caches.open(CACHE);
    await cache.addAll(FILES.map((file) => new Request(address(file), { cache: 'no-cache' })));
    await scope.skipWaiting();
  };
  event.waitUntil(keep());
});

scope.addEventListener('activate', (event) => {
  const tidy = async (): Promise<void> => {
    const names = await caches.keys();
    const old = names.filter((name) => name.startsWith(PREFIX) && name !== CACHE);
    await Promise.all(old.map((name) => caches.delete(name)));
    await scope.clients.claim();
  };
  event.waitUntil(tidy());
});

scope.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  url.search = '';
  url.hash = '';
  const ours = new Set(FILES.map(address));
  if (request.method !== 'GET') return;
  if (request.mode === 'navigate' && url.href === address('./')) event.respondWith(newest(request));
  else if (ours.has(url.href)) event.respondWith(kept(request, url.href));
});

/** The page itself: the network's when there is one. */
async function newest(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch {
    return kept(request, address('./'));
  }
}

async function kept(request: Request, url: string): Promise<Response> {
  return (await (await caches.open(CACHE)).match(url)) ?? fetch(request);
}
