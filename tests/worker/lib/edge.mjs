// An edge for one test file, and the requests that tests make of it.

import { after, before } from 'node:test';
import { startEdge } from '../../../worker/local.mjs';
import { Registry } from './registry.mjs';

export const paths = {
  response: '/predict-prospect-response',
  stage: '/predict-next-conversation-stage',
  suggestion: '/suggest-sales-response',
  direction: '/predict-conversation-direction',
};

/** Paths that need an artifact which a bundle may lack, and its name. */
export const optional = { '/signals': 'signals.onnx', '/predict': 'conversion.json' };

/** A short conversation in which nothing is unusual. */
export const history = [
  {
    speaker: 'Salesman',
    response: 'Good morning, this is Dana from Northwind. How do you plan your deliveries today?',
  },
  { speaker: 'Customer', response: 'Mostly in a spreadsheet. It works, but it takes all of Friday.' },
  { speaker: 'Salesman', response: 'Our planner does that in minutes. Shall I show you?' },
  { speaker: 'Customer', response: 'It sounds expensive. What does it cost?' },
];

/** Tests of one file are not rate limited unless they ask for it. */
const generous = { limit: 1_000_000, period: 60 };

/**
 * Starts an edge before the tests of a file and stops it after them. The object fills when it has started.
 * With `publish: true` the exported registry is in its bindings.
 */
export function edgeForFile({ publish = true, ...options } = {}) {
  const handle = { edge: undefined, logs: [], registry: undefined };
  before(async () => {
    handle.registry = Registry.exported();
    handle.edge = await start(options, handle.logs);
    if (publish) await handle.registry.publishTo(handle.edge);
  });
  after(() => handle.edge?.stop());
  return handle;
}

/** Runs `use` with an edge of its own. */
export async function withEdge(options, use) {
  const logs = [];
  const edge = await start(options, logs);
  try {
    return await use(edge, logs);
  } finally {
    await edge.stop();
  }
}

function start(options, logs) {
  return startEdge({ rateLimit: generous, ...options, onLog: (log) => logs.push(log) });
}

/** Posts JSON; a string or bytes are sent as they are. */
export function post(edge, path, body, headers = {}) {
  const raw = typeof body === 'string' || body instanceof Uint8Array || body instanceof ReadableStream;
  return edge.fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: raw ? body : JSON.stringify(body),
    ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
  });
}

/** Asks one question about `history` and expects an answer. */
export async function ask(edge, path, turns = history) {
  const response = await post(edge, path, { history: turns });
  const body = await response.json();
  if (response.status !== 200) throw new Error(`${path}: ${response.status} ${JSON.stringify(body)}`);
  return body;
}

export async function health(edge) {
  const response = await edge.fetch('/health');
  return { httpStatus: response.status, ...(await response.json()) };
}

/** Waits until `probe` returns something true, and returns it. */
export async function eventually(probe, what, seconds = 20) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The structured lines of a log, by event. */
export function events(logs, name) {
  return logs
    .filter(({ message }) => message.startsWith('{'))
    .map(({ message }) => JSON.parse(message))
    .filter(({ event }) => event === name);
}
