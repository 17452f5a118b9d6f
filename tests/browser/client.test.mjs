// `@rapport/client` as another page would use it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { freshBrowser } from './lib/chromium.mjs';
import { Site } from './lib/site.mjs';

const [sample] = JSON.parse(readFileSync(new URL('../conversations/samples.json', import.meta.url), 'utf8'));
const site = new Site();
let browser;
let page;

before(async () => {
  await site.start();
  browser = await freshBrowser();
  page = await browser.context.newPage();
  await page.goto(site.blank);
  await page.evaluate(async () => {
    window.client = await import('/client/dist/index.js');
    window.progress = [];
    window.rapport = await window.client.Rapport.load({
      registryUrl: '/registry/registry.json',
      onProgress: (step) => window.progress.push(step),
    });
    /** An error as a plain value. */
    window.reason = (promise) =>
      promise.then(
        () => 'no error',
        ({ name, code, field, message }) => ({ name, code, field, message }),
      );
  });
});

after(async () => {
  await browser?.close();
  await site.stop();
});

test('progress goes through the phases and never past the whole', async () => {
  const steps = await page.evaluate(() => window.progress);
  const phases = [...new Set(steps.map(({ phase }) => phase))];
  assert.deepEqual(phases, ['module', 'manifest', 'artifacts', 'engine', 'ready']);
  const bytes = steps.filter(({ phase }) => phase === 'artifacts');
  assert.ok(bytes.length > 5, 'bytes are reported while they come');
  assert.ok(bytes.every(({ loadedBytes, totalBytes }) => loadedBytes <= totalBytes && totalBytes > 0));
  assert.equal(steps.at(-1).loadedBytes, steps.at(-1).totalBytes);
});

test('the status names the bundle, its source and its memory', async () => {
  const status = await page.evaluate(() => window.rapport.status());
  assert.match(status.bundle, /^[0-9a-f]{64}$/);
  assert.equal(status.manifestSource, 'network');
  assert.equal(status.freshness, 'fresh');
  assert.equal(status.offline, false);
  assert.equal(status.problem, undefined);
  assert.equal(status.persistent, true);
  assert.equal(status.fetchedBytes, status.bundleBytes);
  assert.deepEqual(status.engine.unfused, []);
  assert.ok(status.memoryBytes > 10e6 && status.memoryBytes < 600e6, `${status.memoryBytes} bytes`);
});

test('single questions and all at once agree', async () => {
  const { one, all } = await page.evaluate(async (history) => {
    const { rapport } = window;
    const [response, stage, suggestion, direction, conversion] = await Promise.all([
      rapport.respondNext(history),
      rapport.stageNext(history),
      rapport.suggest(history),
      rapport.direction(history),
      rapport.conversion(history),
    ]);
    const { milliseconds, ...all } = await rapport.analyze(history);
    return { one: { response, stage, suggestion, direction, conversion }, all, milliseconds };
  }, sample);
  assert.deepEqual(one, all);
  assert.deepEqual(Object.keys(one.response.response_type_probabilities), [
    'Question',
    'Agreement',
    'Objection',
    'Explanation',
    'Reaction',
    'Other',
  ]);
});

test('other words for the two sides are understood', async () => {
  const [first, second] = await page.evaluate(
    (history) =>
      Promise.all([
        window.rapport.respondNext({ history }),
        window.rapport.respondNext({
          history: history.map((turn) => ({ ...turn, speaker: turn.speaker === 'Customer' ? 'Prospect' : 'Agent' })),
        }),
      ]),
    sample.history,
  );
  assert.deepEqual(second, first);
});

test('a wrong history is refused with a code and the field', async () => {
  for (const [history, code, field] of [
    [{ history: [{ speaker: 'Robot', response: 'Hi' }] }, 'speaker_unknown', 'history[0].speaker'],
    [{ history: [] }, 'history_empty', 'history'],
    [{ history: [{ speaker: 'Customer', response: ' ' }] }, 'response_empty', 'history[0].response'],
    [{}, 'history_missing', 'history'],
  ]) {
    const error = await page.evaluate((value) => window.reason(window.rapport.analyze(value)), history);
    assert.equal(error.name, 'RapportError');
    assert.equal(error.code, code);
    assert.equal(error.field, field);
  }
});

test('a cancelled question is answered with `cancelled`, the others with answers', async () => {
  const [kept, taken, late] = await page.evaluate((history) => {
    const { rapport, reason } = window;
    const controller = new AbortController();
    const kept = rapport.respondNext(history).then(({ top_prediction }) => typeof top_prediction);
    const taken = reason(rapport.respondNext(history, { signal: controller.signal }));
    controller.abort();
    const late = reason(rapport.respondNext(history, { signal: AbortSignal.abort() }));
    return Promise.all([kept, taken, late]);
  }, sample);
  assert.equal(kept, 'string');
  assert.equal(taken.code, 'cancelled');
  assert.equal(late.code, 'cancelled');
});

test('refreshing keeps the bundle when the registry has nothing newer', async () => {
  site.forget();
  const [before, after] = await page.evaluate(async () => [
    await window.rapport.status(),
    await window.rapport.refresh(),
  ]);
  assert.equal(after.bundle, before.bundle);
  assert.deepEqual(site.requests, ['/registry/registry.json']);
});

test('an engine that crashes is started again for the next question', async () => {
  const { crash, again } = await page.evaluate(async (history) => {
    let workers = 0;
    const rapport = await window.client.Rapport.load({
      registryUrl: '/registry/registry.json',
      createWorker() {
        const worker = new Worker('/client/dist/worker.js', { type: 'module' });
        if (workers++ > 0) return worker;
        // The first engine stops at the first question, as after a trap in the module.
        const post = worker.postMessage.bind(worker);
        worker.postMessage = (request) => {
          if (request.kind !== 'ask') return post(request);
          const error = { code: 'engine_crashed', message: 'the engine stopped: unreachable' };
          worker.dispatchEvent(new MessageEvent('message', { data: { id: request.id, kind: 'failed', error } }));
        };
        return worker;
      },
    });
    const crash = await window.reason(rapport.respondNext(history));
    const again = await rapport.respondNext(history);
    rapport.dispose();
    return { crash, again: [again.top_prediction, workers] };
  }, sample);
  assert.equal(crash.code, 'engine_crashed');
  assert.equal(typeof again[0], 'string');
  assert.equal(again[1], 2);
});

test('without a cache nothing is kept', async () => {
  site.forget();
  const { status, caches: names } = await page.evaluate(async () => {
    const rapport = await window.client.Rapport.load({ registryUrl: '/registry/registry.json?other', cache: false });
    const status = await rapport.status();
    rapport.dispose();
    return { status, caches: await caches.keys() };
  });
  assert.equal(status.persistent, false);
  assert.ok(names.every((name) => !name.includes('?other')));
  assert.ok(site.artifactRequests.length > 0);
});

test('a registry that is not there, a worker that is not there', async () => {
  const [registry, worker, given] = await page.evaluate(() => {
    const { Rapport } = window.client;
    const load = (options) => window.reason(Rapport.load({ registryUrl: '/registry/registry.json', ...options }));
    return Promise.all([
      load({ registryUrl: '/nowhere/registry.json' }),
      load({ createWorker: () => new Worker('/nowhere/worker.js', { type: 'module' }) }),
      load({ signal: AbortSignal.abort() }),
    ]);
  });
  assert.equal(registry.code, 'http_status');
  assert.match(registry.message, /nowhere\/registry\.json answered 404/);
  assert.equal(worker.code, 'module');
  assert.equal(given.code, 'cancelled');
});

test('after `dispose` every question is refused', async () => {
  const [waiting, later] = await page.evaluate(async (history) => {
    const waiting = window.reason(window.rapport.analyze(history));
    await Promise.resolve();
    window.rapport.dispose();
    return Promise.all([waiting, window.reason(window.rapport.analyze(history))]);
  }, sample);
  assert.equal(waiting.code, 'disposed');
  assert.equal(later.code, 'disposed');
});
