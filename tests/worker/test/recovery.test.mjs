// After a panic the shim of worker-build starts a new instance: the edge loads its model again and answers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, events, paths, withEdge } from '../lib/edge.mjs';
import { Registry } from '../lib/registry.mjs';

// In front of the Worker: marks its instance as broken, which is what a panic does.
const entry = `
import Rapport from "./index.js";
export default {
  async fetch(request, env, context) {
    if (new URL(request.url).pathname === "/break") {
      globalThis.__worker_init_state.criticalError = true;
      return new Response("broken");
    }
    return new Rapport(context, env).fetch(request);
  },
};
`;

test('a new instance takes over where one broke', async () => {
  await withEdge({ entry }, async (edge, logs) => {
    await Registry.exported().publishTo(edge);
    const before = await ask(edge, paths.suggestion);
    await edge.fetch('/break');
    assert.deepEqual(await ask(edge, paths.suggestion), before);
    assert.equal(events(logs, 'model_loaded').length, 2, 'the new instance loaded the model again');
    assert.deepEqual(await ask(edge, paths.suggestion), before);
    assert.equal(events(logs, 'model_loaded').length, 2);
  });
});
