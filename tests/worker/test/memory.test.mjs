// workerd on this machine enforces no memory limit, Cloudflare does: 128 MB an isolate, WebAssembly and JavaScript together.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, eventually, health, paths, withEdge } from '../lib/edge.mjs';
import { Registry } from '../lib/registry.mjs';

const limit = 128 * 1024 * 1024;
/** What is left to the JavaScript heap, the compiled module's bookkeeping and buffers in flight. */
const reserve = 16 * 1024 * 1024;

test("memory stays within an isolate's limit, through the largest requests and a change of models", async (t) => {
  await withEdge({ vars: { REGISTRY_CHECK_SECONDS: '0' } }, async (edge) => {
    const registry = Registry.exported();
    await registry.publishTo(edge);
    const largest = Array.from({ length: 500 }, (_, i) => ({
      speaker: i % 2 ? 'Customer' : 'Salesman',
      // Twenty different texts: the engine remembers vectors, and memory depends on the longest text, not on their number.
      response: `${i % 20} ${'Could you tell me what that would cost us over three years? '.repeat(8)}`.slice(0, 480),
    }));
    const megabytes = async () => Math.round((await health(edge)).memory_bytes / 2 ** 20);
    await ask(edge, paths.response);
    const loaded = await megabytes();
    for (const path of Object.values(paths)) await ask(edge, path, largest);
    const worked = await megabytes();
    const configuration = JSON.parse(registry.artifacts.get(registry.hashOf('bundle.json')));
    await registry
      .replaceArtifact('bundle.json', Buffer.from(JSON.stringify({ ...configuration, name: 'second' })))
      .publishTo(edge);
    await eventually(async () => (await ask(edge, paths.stage)).model.name === 'second', 'the second bundle');
    const changed = await megabytes();
    t.diagnostic(
      `WebAssembly memory: ${loaded} MB loaded, ${worked} MB after the largest requests, ${changed} MB after a change`,
    );
    assert.ok(changed * 2 ** 20 <= limit - reserve, `${changed} MB`);
  });
});
