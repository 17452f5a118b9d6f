// Conversation text is never logged, whatever becomes of the request.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { events, health, paths, post, withEdge } from '../lib/edge.mjs';
import { Registry } from '../lib/registry.mjs';

const secret = 'Zebulon4711';
const said = { speaker: 'Customer', response: `My name is ${secret} and my number is 4111 1111 1111 1111.` };

test('no log line holds what was said', async () => {
  await withEdge({ vars: { REGISTRY_CHECK_SECONDS: '0' } }, async (edge, logs) => {
    const bodies = [
      { history: [said] },
      { history: [said, { speaker: secret, response: secret }] },
      { history: [said, { speaker: 'Customer', response: '' }], id: secret },
      `{"history":[{"speaker":"${secret}`,
      { history: [{ ...said, response: `${secret} ${'é'.repeat(9000)}` }] },
      { [secret]: secret },
    ];
    // First without a model, then with one, then with a registry that cannot be followed any more.
    for (const prepare of [() => {}, () => Registry.exported().publishTo(edge), () => edge.putManifest('broken')]) {
      await prepare();
      for (const path of Object.values(paths)) {
        for (const body of bodies) await (await post(edge, `${path}?q=${secret}`, body)).arrayBuffer();
      }
    }
    await health(edge);
    assert.ok(events(logs, 'registry_check_failed').length > 0, 'the log is captured');
    assert.ok(events(logs, 'model_loaded').length > 0, 'the log is captured');
    const leaks = logs.filter(({ message }) => message.includes(secret) || message.includes('4111'));
    assert.deepEqual(leaks, []);
  });
});
