// What the edge trusts: the signature, the version, the expiry and every hash; and what it does when one is wrong.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ask, events, eventually, health, history, paths, post, withEdge } from '../lib/edge.mjs';
import { keyFromSeed, Registry, rfc3339 } from '../lib/registry.mjs';

const exported = Registry.exported();
const day = 86_400_000;
const alert = { vars: { REGISTRY_CHECK_SECONDS: '0' } };

/** What may be published that must not be trusted: publishes it and says how the refusal is called. */
const bad = {
  'a changed manifest under the old signature': [
    'wrong_signature',
    async (edge, registry) => {
      const changed = registry.text().replace('"schema":1', '"schema": 1');
      assert.notEqual(changed, registry.text());
      await registry.publishTo(edge, changed);
    },
  ],
  'a manifest signed by an unknown key': [
    'unknown_key',
    (edge, registry) => registry.publishTo(edge, registry.text(keyFromSeed('stranger', Buffer.alloc(32, 7)))),
  ],
  'a manifest signed by another key under a trusted name': [
    'wrong_signature',
    (edge, registry) => registry.publishTo(edge, registry.text(keyFromSeed('development', Buffer.alloc(32, 7)))),
  ],
  'a manifest without a signature': [
    'unknown_key',
    (edge, registry) => registry.publishTo(edge, `{"signed": ${JSON.stringify(registry.manifest)}, "signatures": []}`),
  ],
  'text that is no manifest': ['malformed_manifest', (edge) => edge.putManifest('hello')],
  'a manifest of another schema': ['unknown_schema', (edge, registry) => registry.with({ schema: 99 }).publishTo(edge)],
  'a manifest that expired beyond its grace': [
    'expired',
    (edge, registry) =>
      registry
        .with({ issued_at: rfc3339(Date.now() - 400 * day), expires_at: rfc3339(Date.now() - 40 * day) })
        .publishTo(edge),
  ],
  'a manifest without the alias': [
    'unknown_alias',
    (edge, registry) => registry.with({ aliases: { other: registry.champion } }).publishTo(edge),
  ],
  'a changed artifact': [
    'wrong_hash',
    (edge, registry) =>
      publishSpoilt(edge, registry, (bytes) => bytes.with(bytes.length >> 1, bytes[bytes.length >> 1] ^ 1)),
  ],
  'a truncated artifact': [
    'wrong_length',
    (edge, registry) => publishSpoilt(edge, registry, (bytes) => bytes.subarray(1)),
  ],
  'an artifact that is longer than announced': [
    'wrong_length',
    (edge, registry) => publishSpoilt(edge, registry, (bytes) => Buffer.concat([bytes, Buffer.alloc(1 << 20)])),
  ],
  'a missing artifact': ['missing', (edge, registry) => publishSpoilt(edge, registry, () => undefined)],
  'a signed bundle that the engine cannot read': [
    'engine',
    (edge, registry) => registry.replaceArtifact('stage.onnx', Buffer.from('not a model')).publishTo(edge),
  ],
};

describe('an edge that never had a good model', () => {
  test('answers 503 when nothing is published, and begins when something is', async () => {
    await withEdge(alert, async (edge) => {
      const response = await post(edge, paths.response, { history });
      const problem = await response.json();
      assert.equal(response.status, 503);
      assert.equal(response.headers.get('content-type'), 'application/problem+json');
      assert.ok(Number(response.headers.get('retry-after')) >= 1);
      assert.equal(problem.code, 'model_unavailable');
      assert.match(problem.detail, /registry\.json is missing/);
      const report = await health(edge);
      assert.equal(report.httpStatus, 503);
      assert.equal(report.status, 'unavailable');
      assert.equal(report.model, null);
      assert.equal((await edge.fetch('/docs')).status, 200);

      await exported.publishTo(edge);
      await ask(edge, paths.response);
      assert.equal((await health(edge)).status, 'ok');
    });
  });

  for (const [name, [code, publish]] of Object.entries(bad)) {
    test(`refuses ${name}`, async () => {
      await withEdge(alert, async (edge) => {
        await publish(edge, exported.copy());
        assert.equal((await post(edge, paths.stage, { history })).status, 503);
        const report = await health(edge);
        assert.equal(report.status, 'unavailable');
        assert.equal(report.registry.failure.code, code, report.registry.failure.reason);
      });
    });
  }

  test('refuses a version below the configured minimum', async () => {
    const minimum = exported.manifest.version + 1;
    const vars = { ...alert.vars, REGISTRY_MINIMUM_VERSION: String(minimum) };
    await withEdge({ vars }, async (edge) => {
      await exported.publishTo(edge);
      assert.equal((await health(edge)).registry.failure.code, 'older_version');
      await exported.copy().next().publishTo(edge);
      assert.equal((await health(edge)).status, 'ok');
    });
  });
});

describe('an edge with a good model', () => {
  test('goes on answering from it whatever is published, and says so', async () => {
    await withEdge(alert, async (edge, logs) => {
      await exported.publishTo(edge);
      const good = await ask(edge, paths.stage);
      assert.equal((await health(edge)).status, 'ok');
      let { version } = exported.manifest;
      for (const [name, [code, publish]] of Object.entries(bad)) {
        version += 2;
        await publish(edge, exported.copy().next().with({ version }));
        const report = await eventually(async () => {
          const now = await health(edge);
          return now.registry.failure?.code === code && now;
        }, `${name} is noticed as ${code}`);
        assert.equal(report.httpStatus, 200, name);
        assert.equal(report.status, 'degraded', name);
        assert.deepEqual(await ask(edge, paths.stage), good, name);
        // In between the registry is good again, so that the next refusal is that of the next case.
        version += 2;
        await exported.copy().next().with({ version }).publishTo(edge);
        await eventually(async () => (await health(edge)).status === 'ok', `the registry is good after ${name}`);
      }
      await edge.dropManifest();
      await eventually(async () => (await health(edge)).registry.failure?.code === 'missing', 'the manifest is gone');
      assert.deepEqual(await ask(edge, paths.stage), good);
      assert.equal(events(logs, 'model_loaded').length, 1, 'nothing that was refused was loaded');
    });
  });

  test('never goes back to an older version, nor to another text of the same version', async () => {
    await withEdge(alert, async (edge) => {
      const newer = exported.copy().next();
      await newer.publishTo(edge);
      await ask(edge, paths.stage);
      assert.equal((await health(edge)).registry.version, newer.manifest.version);

      await exported.publishTo(edge);
      await eventually(
        async () => (await health(edge)).registry.failure?.code === 'older_version',
        'the older version',
      );

      await edge.putManifest(
        newer
          .copy()
          .with({ expires_at: rfc3339(Date.now() + 9 * day) })
          .text(),
      );
      await eventually(
        async () => (await health(edge)).registry.failure?.code === 'same_version_differs',
        'the same version with another content',
      );

      await newer.publishTo(edge);
      await eventually(async () => (await health(edge)).status === 'ok', 'the trusted version');
    });
  });

  test('answers from a manifest within the grace of its expiry, and says so', async () => {
    await withEdge(alert, async (edge) => {
      const late = { issued_at: rfc3339(Date.now() - 30 * day), expires_at: rfc3339(Date.now() - day) };
      await exported.copy().with(late).publishTo(edge);
      await ask(edge, paths.stage);
      const report = await health(edge);
      assert.equal(report.status, 'degraded');
      assert.equal(report.registry.freshness.state, 'expired_within_grace');
      assert.equal(report.registry.failure, null);
    });
  });

  test('looks at the manifest only as often as it is told', async () => {
    await withEdge({ vars: { REGISTRY_CHECK_SECONDS: '3600' } }, async (edge) => {
      await exported.publishTo(edge);
      await ask(edge, paths.stage);
      await edge.dropManifest();
      for (let i = 0; i < 5; i++) await ask(edge, paths.stage);
      assert.equal((await health(edge)).status, 'ok');
    });
  });
});

/** Publishes a bundle with an artifact that the edge has never seen, of which the bucket has other bytes or none. */
async function publishSpoilt(edge, registry, spoil) {
  const configuration = JSON.parse(registry.artifacts.get(registry.hashOf('bundle.json')));
  const name = `test ${registry.manifest.version}`;
  const bytes = Buffer.from(JSON.stringify({ ...configuration, name }));
  registry.replaceArtifact('bundle.json', bytes);
  const hash = registry.hashOf('bundle.json');
  const spoilt = spoil(bytes);
  if (spoilt) registry.artifacts.set(hash, spoilt);
  else registry.artifacts.delete(hash);
  await registry.publishTo(edge);
}
