// Rate limits by client.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { edgeForFile, history, paths, post } from '../lib/edge.mjs';
import { validators } from '../lib/schema.mjs';

const token = 'a token of this test';
const context = edgeForFile({
  rateLimit: { limit: 3, period: 60 },
  vars: { API_TOKEN_HASHES: createHash('sha256').update(token).digest('hex') },
});

const from = (address, headers = {}) =>
  post(context.edge, paths.direction, { history }, { 'cf-connecting-ip': address, ...headers });

/** The statuses of six requests, one after the other. */
async function six(make) {
  const statuses = [];
  for (let i = 0; i < 6; i++) {
    const response = await make(i);
    await response.arrayBuffer();
    statuses.push(response.status);
  }
  return statuses;
}

const limited = [200, 200, 200, 429, 429, 429];

describe('rate limits', () => {
  test('the fourth request of an address is refused with problem details', async () => {
    assert.deepEqual(await six(() => from('192.0.2.1')), limited);
    const response = await from('192.0.2.1');
    assert.equal(response.headers.get('retry-after'), '60');
    const problem = await response.json();
    assert.equal(problem.code, 'rate_limited');
    const errors = (await validators(context.edge))(
      paths.direction,
      'post',
      '429',
    )(response.headers.get('content-type'), problem);
    assert.deepEqual(errors, []);
  });

  test('another address is not affected', async () => {
    assert.equal((await from('192.0.2.2')).status, 200);
  });

  test('neighbours in one IPv6 network share a limit', async () => {
    assert.deepEqual(await six((i) => from(`2001:db8::${i + 1}`)), limited);
  });

  test('a known token has a limit of its own, from any address and in either header', async () => {
    const headers = [{ authorization: `Bearer ${token}` }, { 'x-api-key': token }];
    assert.deepEqual(await six((i) => from(`192.0.2.${10 + i}`, headers[i % 2])), limited);
  });

  test('made-up tokens do not escape the limit of the address', async () => {
    assert.deepEqual(await six((i) => from('192.0.2.30', { 'x-api-key': `made up ${i}` })), limited);
  });

  test('bad requests count too', async () => {
    const bad = () => post(context.edge, paths.stage, '{', { 'cf-connecting-ip': '192.0.2.40' });
    assert.deepEqual(await six(bad), [400, 400, 400, 429, 429, 429]);
  });

  test('health and reference are never limited', async () => {
    for (let i = 0; i < 6; i++) {
      for (const path of ['/health', '/docs', '/openapi.json']) {
        const response = await context.edge.fetch(path, { headers: { 'cf-connecting-ip': '192.0.2.1' } });
        assert.equal(response.status, 200);
        await response.arrayBuffer();
      }
    }
  });
});
