// Many requests at once: one load for all of them, and a new model without a dropped request.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ask, events, eventually, health, history, paths, post, withEdge } from '../lib/edge.mjs';
import { Registry } from '../lib/registry.mjs';

const exported = Registry.exported();

/** The same models under another name: another bundle. */
function another(registry, name) {
  const configuration = JSON.parse(registry.artifacts.get(registry.hashOf('bundle.json')));
  return registry.copy().replaceArtifact('bundle.json', Buffer.from(JSON.stringify({ ...configuration, name })));
}

describe('a cold start', () => {
  test('requests that come together share one load', async () => {
    await withEdge({}, async (edge, logs) => {
      await exported.publishTo(edge);
      const many = Object.values(paths).flatMap((path) => Array.from({ length: 6 }, () => ask(edge, path)));
      const answers = await Promise.all(many);
      assert.equal(answers.length, 24);
      assert.equal(events(logs, 'model_loaded').length, 1);
    });
  });

  test('a load survives the client that caused it', async () => {
    await withEdge({}, async (edge, logs) => {
      await exported.publishTo(edge);
      const impatient = new AbortController();
      const gone = edge.fetch(paths.response, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ history }),
        signal: impatient.signal,
      });
      setTimeout(() => impatient.abort(), 30);
      await assert.rejects(gone);
      await Promise.all([ask(edge, paths.response), ask(edge, paths.stage)]);
      assert.equal(events(logs, 'model_loaded').length, 1);
    });
  });

  test('when the load fails, everyone who waited is told why', async () => {
    await withEdge({}, async (edge) => {
      const responses = await Promise.all(Array.from({ length: 8 }, () => post(edge, paths.stage, { history })));
      for (const response of responses) {
        assert.equal(response.status, 503);
        assert.match((await response.json()).detail, /registry\.json is missing/);
      }
    });
  });
});

describe('a new bundle', () => {
  test('takes over while requests go on, and none is dropped', async () => {
    await withEdge({ vars: { REGISTRY_CHECK_SECONDS: '0' } }, async (edge) => {
      await exported.publishTo(edge);
      const before = await ask(edge, paths.stage);
      const next = another(exported, 'second');
      const seen = new Map();
      let published = false;
      const end = Date.now() + 20_000;
      const client = async (path) => {
        while (Date.now() < end) {
          const { model, ...answer } = await ask(edge, path);
          seen.set(model.name, (seen.get(model.name) ?? 0) + 1);
          if (path === paths.stage) assert.deepEqual({ ...answer, model: before.model }, before);
          if (published && model.name === 'second') return;
        }
        throw new Error('the new bundle never answered');
      };
      const clients = Object.values(paths).flatMap((path) => [client(path), client(path)]);
      await eventually(() => seen.size > 0, 'answers before the change');
      await next.publishTo(edge);
      published = true;
      await Promise.all(clients);
      assert.deepEqual([...seen.keys()], [before.model.name, 'second']);
      const report = await health(edge);
      assert.equal(report.status, 'ok');
      assert.equal(report.model.bundle, next.champion);
      assert.equal(report.registry.version, next.manifest.version);
    });
  });

  test('a higher version that names the same bundle loads nothing', async () => {
    await withEdge({ vars: { REGISTRY_CHECK_SECONDS: '0' } }, async (edge, logs) => {
      await exported.publishTo(edge);
      await ask(edge, paths.stage);
      const next = exported.copy().next();
      await next.publishTo(edge);
      await eventually(async () => (await health(edge)).registry.version === next.manifest.version, 'the new version');
      await ask(edge, paths.stage);
      assert.equal(events(logs, 'model_loaded').length, 1);
    });
  });

  test('a rollback is a higher version with the old bundle', async () => {
    await withEdge({ vars: { REGISTRY_CHECK_SECONDS: '0' } }, async (edge) => {
      const next = another(exported, 'second');
      await next.publishTo(edge);
      assert.equal((await ask(edge, paths.stage)).model.name, 'second');
      const back = next.copy().next();
      back.manifest.aliases.champion = exported.champion;
      for (const [hash, bytes] of exported.artifacts) back.artifacts.set(hash, bytes);
      await back.publishTo(edge);
      await eventually(async () => (await ask(edge, paths.stage)).model.bundle === exported.champion, 'the old bundle');
    });
  });

  test('the artifacts of a second bundle come from the cache, not from the bucket', async () => {
    await withEdge({ vars: { REGISTRY_CHECK_SECONDS: '0' } }, async (edge) => {
      await exported.publishTo(edge);
      await ask(edge, paths.stage);
      const next = another(exported, 'second');
      for (const hash of exported.artifacts.keys()) await edge.dropArtifact(hash);
      await edge.putArtifact(next.hashOf('bundle.json'), next.artifacts.get(next.hashOf('bundle.json')));
      await edge.putManifest(next.text());
      await eventually(async () => (await ask(edge, paths.stage)).model.name === 'second', 'the second bundle');
    });
  });
});
