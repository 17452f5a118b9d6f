// Calls from pages of other origins.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { edgeForFile, history, paths, post, withEdge } from '../lib/edge.mjs';

const context = edgeForFile();
const origin = 'https://crm.example';

const preflight = (edge, path, from = origin) =>
  edge.fetch(path, {
    method: 'OPTIONS',
    headers: {
      origin: from,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type, x-api-key',
    },
  });

describe('cross-origin calls', () => {
  test('a preflight is answered without a body', async () => {
    for (const path of Object.values(paths)) {
      const response = await preflight(context.edge, path);
      assert.equal(response.status, 204);
      assert.equal(await response.text(), '');
      assert.equal(response.headers.get('access-control-allow-origin'), '*');
      assert.equal(response.headers.get('access-control-allow-methods'), 'POST, OPTIONS');
      assert.match(response.headers.get('access-control-allow-headers'), /content-type.*authorization.*x-api-key/);
      assert.equal(response.headers.get('access-control-max-age'), '86400');
    }
  });

  test('answers may be read, and so may refusals', async () => {
    for (const body of [{ history }, {}]) {
      const response = await post(context.edge, paths.response, body, { origin });
      assert.equal(response.headers.get('access-control-allow-origin'), '*');
      assert.match(response.headers.get('access-control-expose-headers'), /retry-after.*server-timing/);
    }
    const notFound = await context.edge.fetch('/nothing', { headers: { origin } });
    assert.equal(notFound.headers.get('access-control-allow-origin'), '*');
  });

  test('a preflight of an unknown path is a 404', async () => {
    assert.equal((await preflight(context.edge, '/nothing')).status, 404);
  });

  test('without an Origin nothing is said', async () => {
    const response = await context.edge.fetch('/openapi.json');
    assert.equal(response.headers.get('access-control-allow-origin'), null);
  });

  test('with a list only its members are allowed, and caches are told', async () => {
    const vars = { ALLOWED_ORIGINS: `${origin}, https://other.example` };
    await withEdge({ vars }, async (edge) => {
      const allowed = await preflight(edge, paths.stage);
      assert.equal(allowed.headers.get('access-control-allow-origin'), origin);
      assert.equal(allowed.headers.get('vary'), 'Origin');
      const refused = await preflight(edge, paths.stage, 'https://evil.example');
      assert.equal(refused.headers.get('access-control-allow-origin'), null);
      assert.equal(refused.headers.get('vary'), 'Origin');
    });
  });
});
