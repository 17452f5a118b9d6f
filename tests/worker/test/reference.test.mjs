// /openapi.json and /docs: valid, true, complete, and cached by tag.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { edgeForFile, health, optional, paths, post } from '../lib/edge.mjs';
import { validators } from '../lib/schema.mjs';

const context = edgeForFile();
const document = async () => (await context.edge.fetch('/openapi.json')).json();

describe('/openapi.json', () => {
  test('is a valid OpenAPI 3.1 document', async () => {
    const { valid, errors } = await new Validator().validate(await document());
    assert.ok(valid, JSON.stringify(errors));
    assert.match((await document()).openapi, /^3\.1\./);
  });

  test('documents every path, and every documented path exists', async () => {
    const documented = (await document()).paths;
    assert.deepEqual(
      Object.keys(documented).sort(),
      [...Object.values(paths), ...Object.keys(optional), '/health', '/docs', '/openapi.json'].sort(),
    );
    for (const [path, methods] of Object.entries(documented)) {
      const allow = (await context.edge.fetch(path, { method: 'OPTIONS' })).headers.get('allow').split(', ');
      for (const method of Object.keys(methods)) assert.ok(allow.includes(method.toUpperCase()), `${method} ${path}`);
    }
  });

  test('every example request is answered, and every example answer fits its schema', async () => {
    const validator = await validators(context.edge);
    for (const path of Object.values(paths)) {
      const { requestBody, responses } = (await document()).paths[path].post;
      const examples = Object.values(requestBody.content['application/json'].examples);
      assert.ok(examples.length > 0);
      for (const { value } of examples) assert.equal((await post(context.edge, path, value)).status, 200, path);
      const { example } = responses['200'].content['application/json'];
      assert.deepEqual(validator(path, 'post', '200')('application/json', example), [], path);
    }
  });

  // A bundle may do without these parts; then the edge says so.
  for (const [path, artifact] of Object.entries(optional)) {
    test(`${path} answers its examples as documented, with ${artifact} in the bundle or without`, async () => {
      const validator = await validators(context.edge);
      const { post: operation } = (await document()).paths[path];
      const example = operation.responses['200'].content['application/json'].example;
      assert.deepEqual(validator(path, 'post', '200')('application/json', example), []);
      const expected = context.registry.hashOf(artifact) ? 200 : 501;
      for (const { value } of Object.values(operation.requestBody.content['application/json'].examples)) {
        const response = await post(context.edge, path, value);
        assert.equal(response.status, expected);
        const type = response.headers.get('content-type');
        assert.deepEqual(validator(path, 'post', String(expected))(type, await response.json()), []);
      }
    });
  }

  test('the health report fits its schema', async () => {
    const validator = await validators(context.edge);
    const { httpStatus, ...report } = await health(context.edge);
    assert.equal(httpStatus, 200);
    assert.deepEqual(validator('/health', 'get', '200')('application/json', report), []);
    assert.ok(report.memory_bytes > 1 << 20);
  });

  test('every problem type leads to its place in /docs', async () => {
    const page = await (await context.edge.fetch('/docs')).text();
    const types = (await document()).components.schemas.Problem.properties.type.enum;
    assert.ok(types.length >= 8);
    for (const type of types) assert.ok(page.includes(`id="${type.split('#')[1]}"`), `${type} leads nowhere`);
  });
});

describe('/docs', () => {
  test('is one page that loads nothing from elsewhere', async () => {
    const response = await context.edge.fetch('/docs');
    const page = await response.text();
    assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8');
    assert.ok(!/(src|href)="https?:/.test(page.replaceAll(/<a [^>]*>/g, '')), 'something is loaded');
    const policy = response.headers.get('content-security-policy');
    assert.match(policy, /default-src 'none'/);
    assert.ok(!policy.includes('unsafe'), policy);
  });

  test('its script and style are the ones that its policy allows', async () => {
    const response = await context.edge.fetch('/docs');
    const policy = response.headers.get('content-security-policy');
    const page = await response.text();
    for (const element of ['script', 'style']) {
      const inline = page.match(new RegExp(`<${element}>([\\s\\S]*?)</${element}>`))[1];
      const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(inline));
      assert.ok(policy.includes(`'sha256-${Buffer.from(digest).toString('base64')}'`), element);
    }
  });

  test('/ leads there', async () => {
    const response = await context.edge.fetch('/', { redirect: 'manual' });
    assert.equal(response.status, 302);
    assert.equal(response.headers.get('location'), '/docs');
  });
});

describe('both', () => {
  for (const path of ['/docs', '/openapi.json']) {
    test(`${path} is not sent again to who has it`, async () => {
      const etag = (await context.edge.fetch(path)).headers.get('etag');
      const again = await context.edge.fetch(path, { headers: { 'if-none-match': etag } });
      assert.equal(again.status, 304);
      assert.equal(again.headers.get('etag'), etag);
      const other = await context.edge.fetch(path, { headers: { 'if-none-match': '"other"' } });
      assert.equal(other.status, 200);
    });

    test(`HEAD ${path} has the headers and no body`, async () => {
      const response = await context.edge.fetch(path, { method: 'HEAD' });
      assert.equal(response.status, 200);
      assert.ok(response.headers.get('etag'));
      assert.equal(await response.text(), '');
    });
  }
});
