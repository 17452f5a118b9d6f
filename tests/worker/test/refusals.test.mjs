// Bad requests: the status, the problem details, and the field by name.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { edgeForFile, history, paths, post } from '../lib/edge.mjs';
import { validators } from '../lib/schema.mjs';

const context = edgeForFile();
const turn = { speaker: 'Customer', response: 'hello' };

/** Expects a refusal that is documented, and returns its details. */
async function refused(response, status, path, method = 'post') {
  const body = await response.json();
  assert.equal(response.status, status, JSON.stringify(body));
  assert.equal(response.headers.get('content-type'), 'application/problem+json');
  assert.equal(response.headers.get('cache-control'), 'no-store');
  assert.equal(body.status, status);
  assert.match(body.type, /^\/docs#[a-z-]+$/);
  if (path) {
    const validator = await validators(context.edge);
    assert.deepEqual(validator(path, method, String(status))('application/problem+json', body), []);
  }
  return body;
}

describe('bodies that are not a conversation', () => {
  const wrongFields = [
    ['a list', [turn], '', '', 'body_not_object'],
    ['a text', '"hello"', '', '', 'body_not_object'],
    ['no history', {}, 'history', '/history', 'history_missing'],
    ['a history that is a text', { history: 'hello' }, 'history', '/history', 'history_not_list'],
    ['an empty history', { history: [] }, 'history', '/history', 'history_empty'],
    ['a turn that is a text', { history: [turn, 'hi'] }, 'history[1]', '/history/1', 'turn_not_object'],
    ['no speaker', { history: [{ response: 'hi' }] }, 'history[0].speaker', '/history/0/speaker', 'speaker_missing'],
    [
      'an unknown speaker',
      { history: [turn, { speaker: 'Robot', response: 'hi' }] },
      'history[1].speaker',
      '/history/1/speaker',
      'speaker_unknown',
    ],
    [
      'no response',
      { history: [{ speaker: 'User' }] },
      'history[0].response',
      '/history/0/response',
      'response_missing',
    ],
    [
      'a response that is a number',
      { history: [{ speaker: 'User', response: 7 }] },
      'history[0].response',
      '/history/0/response',
      'response_not_text',
    ],
    [
      'an empty response',
      { history: [{ speaker: 'User', response: '  ' }] },
      'history[0].response',
      '/history/0/response',
      'response_empty',
    ],
  ];
  for (const [name, body, field, pointer, code] of wrongFields) {
    test(`${name}: 422 names the field`, async () => {
      const problem = await refused(await post(context.edge, paths.stage, body), 422, paths.stage);
      assert.equal(problem.code, code);
      assert.equal(problem.type, '/docs#wrong-field');
      assert.deepEqual(
        problem.errors.map((error) => [error.field, error.pointer, error.code]),
        [[field, pointer, code]],
      );
      assert.ok(field === '' || problem.detail.includes(field), problem.detail);
    });
  }

  for (const path of Object.values(paths)) {
    test(`${path} refuses alike`, async () => {
      await refused(await post(context.edge, path, '{'), 400, path);
      await refused(await post(context.edge, path, {}), 422, path);
    });
  }

  test('broken JSON: 400 with line and column', async () => {
    const problem = await refused(await post(context.edge, paths.response, '{"history":\n[1,}'), 400, paths.response);
    assert.deepEqual([problem.code, problem.line, problem.column], ['not_json', 2, 4]);
  });

  test('no body at all, and bytes that are not UTF-8: 400', async () => {
    await refused(await post(context.edge, paths.response, ''), 400);
    await refused(await post(context.edge, paths.response, new Uint8Array([0xff, 0xfe, 0x7b])), 400);
  });

  test('JSON that is nested without end: 400, and the edge lives on', async () => {
    await refused(await post(context.edge, paths.response, '['.repeat(200_000)), 400);
    assert.equal((await post(context.edge, paths.response, { history })).status, 200);
  });
});

describe('bodies that are too large', () => {
  test('announced by Content-Length: 413 with the limit', async () => {
    const body = { history: Array.from({ length: 30 }, () => ({ speaker: 'User', response: 'x'.repeat(10_000) })) };
    const problem = await refused(await post(context.edge, paths.response, body), 413, paths.response);
    assert.deepEqual([problem.code, problem.limit], ['body_too_large', 256 * 1024]);
  });

  test('sent in chunks without an announcement: 413 before it ends', async () => {
    // More than is allowed, and then neither an end nor another byte: writing on into a connection that the edge
    // has closed would fail before the answer is read.
    let sent = 0;
    const endless = new ReadableStream({
      pull(controller) {
        if (sent >= 384 * 1024) return new Promise(() => {});
        sent += 16_384;
        controller.enqueue(new Uint8Array(16_384).fill(32));
      },
    });
    await refused(await post(context.edge, paths.response, endless), 413);
  });

  test('too many turns, and a turn that is too long: 413 names them', async () => {
    const many = await refused(await post(context.edge, paths.response, { history: Array(501).fill(turn) }), 413);
    assert.deepEqual([many.code, many.limit, many.errors[0].field], ['too_many_turns', 500, 'history']);
    const long = { speaker: 'User', response: 'x'.repeat(16 * 1024 + 1) };
    const problem = await refused(await post(context.edge, paths.response, { history: [turn, long] }), 413);
    assert.deepEqual([problem.code, problem.errors[0].pointer], ['turn_too_large', '/history/1/response']);
  });
});

describe('media types', () => {
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=utf-16']) {
    test(`${type}: 415`, async () => {
      const headers = { 'content-type': type };
      await refused(await post(context.edge, paths.response, { history }, headers), 415, paths.response);
    });
  }

  test('no Content-Type: 415', async () => {
    const body = new TextEncoder().encode(JSON.stringify({ history }));
    await refused(await context.edge.fetch(paths.response, { method: 'POST', body }), 415);
  });

  test('a compressed body: 415', async () => {
    const body = gzipSync(JSON.stringify({ history }));
    await refused(await post(context.edge, paths.response, body, { 'content-encoding': 'gzip' }), 415);
  });

  test('any JSON type in UTF-8 is taken', async () => {
    for (const type of ['application/json; charset=UTF-8', 'application/vnd.crm+json']) {
      assert.equal((await post(context.edge, paths.response, { history }, { 'content-type': type })).status, 200);
    }
  });
});

describe('paths and methods', () => {
  test('an unknown path: 404', async () => {
    const problem = await refused(await context.edge.fetch('/predict-all'), 404);
    assert.equal(problem.code, 'not_found');
    await refused(await post(context.edge, `${paths.response}/x`, { history }), 404);
  });

  for (const path of Object.values(paths)) {
    test(`GET ${path}: 405 with Allow`, async () => {
      const response = await context.edge.fetch(path);
      assert.equal(response.headers.get('allow'), 'POST, OPTIONS');
      await refused(response, 405);
    });
  }

  test('other methods elsewhere: 405 with Allow', async () => {
    for (const [path, method] of [
      ['/health', 'POST'],
      ['/docs', 'DELETE'],
      ['/openapi.json', 'PUT'],
      [paths.stage, 'PATCH'],
      [paths.stage, 'PROPFIND'],
    ]) {
      const response = await context.edge.fetch(path, { method });
      assert.equal(response.headers.get('allow'), path === paths.stage ? 'POST, OPTIONS' : 'GET, HEAD, OPTIONS');
      await refused(response, 405);
    }
  });

  test('a slash at the end makes no difference', async () => {
    assert.equal((await post(context.edge, `${paths.response}/`, { history })).status, 200);
  });
});
