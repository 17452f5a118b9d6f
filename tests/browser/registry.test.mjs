// What the browser keeps, and whom it trusts.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { freshBrowser } from './lib/chromium.mjs';
import { answered, readAnswers } from './lib/playground.mjs';
import { servedManifest, sha256, signed, withArtifact } from './lib/registry.mjs';
import { registryFolder, Site } from './lib/site.mjs';

const MANIFEST = '/registry/registry.json';
const site = new Site();
const served = servedManifest();
const champion = served.bundles[served.aliases.champion];
let browser;
let page;

before(() => site.start());
after(() => site.stop());
beforeEach(async () => {
  site.overrides.clear();
  site.forget();
  browser = await freshBrowser();
  page = await browser.context.newPage();
});
afterEach(() => browser.close());

async function visit() {
  await page.goto(site.url);
  await answered(page);
}

/** SHA-256 of the artifacts that the browser keeps. */
function kept() {
  return page.evaluate(async () => {
    const names = (await caches.keys()).filter((name) => name.startsWith('rapport '));
    const caches_ = await Promise.all(names.map((name) => caches.open(name)));
    const requests = (await Promise.all(caches_.map((cache) => cache.keys()))).flat();
    return requests.map(({ url }) => url.match(/artifacts\/([0-9a-f]{64})$/)?.[1]).filter(Boolean);
  });
}

const bars = async () => (await readAnswers(page)).response.bars;

/** Another `bundle.json` that the engine reads as well: the same JSON with a space. */
function otherConfiguration() {
  const hash = champion.artifacts.find((artifact) => served.artifacts[artifact].name === 'bundle.json');
  return Buffer.concat([readFileSync(join(registryFolder, 'artifacts', hash)), Buffer.from(' ')]);
}

test('the second visit fetches no artifact', async () => {
  await visit();
  assert.equal(new Set(site.artifactRequests).size, champion.artifacts.length);
  assert.deepEqual((await kept()).sort(), [...champion.artifacts].sort());
  const first = await bars();
  site.forget();
  await page.reload();
  await answered(page);
  assert.deepEqual(site.artifactRequests, []);
  assert.ok(site.requests.includes(MANIFEST), 'the manifest is asked for again');
  assert.match(await page.textContent('.facts'), /from this browser's cache/);
  assert.deepEqual(await bars(), first);
});

test('without a network the page opens and answers', async () => {
  await visit();
  const first = await bars();
  await page.evaluate(() => navigator.serviceWorker.ready);
  await site.stop();
  try {
    await page.reload();
    await answered(page);
    assert.equal((await readAnswers(page)).state, 'Offline, on the kept models');
    assert.deepEqual(await bars(), first);
  } finally {
    await site.start();
  }
});

test('a changed manifest is refused, and the last good models answer', async () => {
  await visit();
  const first = await bars();
  const changed = Buffer.from(readFileSync(join(registryFolder, 'registry.json')));
  const at = changed.indexOf('"licence"') + '"licence": "'.length;
  changed[at] ^= 1;
  site.overrides.set(MANIFEST, () => ({ body: changed }));
  await page.reload();
  await answered(page);
  const answers = await readAnswers(page);
  assert.equal(answers.state, 'On the last good models');
  assert.match(answers.notice, /wrong_signature/);
  assert.deepEqual(await bars(), first);
});

test('a changed manifest without a last good one is an error, and trying again helps', async () => {
  site.overrides.set(MANIFEST, (bytes) => ({
    body: Buffer.from(String(bytes).replace('"version": ', '"version": 1')),
  }));
  await page.goto(site.url);
  await page.waitForSelector('#loading.failed');
  assert.match(await page.textContent('#loading'), /could not be loaded.*wrong_signature/);
  site.overrides.clear();
  await page.getByRole('button', { name: 'Try again' }).click();
  await answered(page);
  assert.equal((await readAnswers(page)).state, 'On this device');
});

test('a changed artifact is refused and not kept', async () => {
  const victim = champion.artifacts.find((artifact) => served.artifacts[artifact].name === 'acts.onnx');
  site.overrides.set(`/registry/artifacts/${victim}`, (bytes) => {
    bytes[bytes.length >> 1] ^= 1;
    return { body: bytes };
  });
  await page.goto(site.url);
  await page.waitForSelector('#loading.failed');
  assert.match(await page.textContent('#loading'), /acts\.onnx.*wrong_hash/);
  assert.ok(!(await kept()).includes(victim));
});

test('an artifact that changes in the cache is fetched again', async () => {
  await visit();
  const victim = champion.artifacts.find((artifact) => served.artifacts[artifact].name === 'acts.onnx');
  await page.evaluate(async (hash) => {
    const name = (await caches.keys()).find((name) => name.startsWith('rapport '));
    const cache = await caches.open(name);
    const request = (await cache.keys()).find(({ url }) => url.endsWith(hash));
    await cache.put(request, new Response(new Uint8Array(100)));
  }, victim);
  site.forget();
  await page.reload();
  await answered(page);
  assert.deepEqual(site.artifactRequests, [`/registry/artifacts/${victim}`]);
});

test('a newer bundle is taken, and what it no longer needs is forgotten', async () => {
  await visit();
  const bytes = otherConfiguration();
  const { manifest, hash, replaced } = withArtifact(served, 'bundle.json', bytes);
  site.overrides.set(MANIFEST, () => ({ body: signed(manifest) }));
  site.overrides.set(`/registry/artifacts/${hash}`, () => ({ body: bytes }));
  site.forget();
  await page.reload();
  await answered(page);
  assert.deepEqual(site.artifactRequests, [`/registry/artifacts/${hash}`]);
  assert.match(await page.textContent('.facts'), new RegExp(manifest.aliases.champion.slice(0, 10)));
  const now = await kept();
  assert.ok(now.includes(hash) && !now.includes(replaced));
});

test('a newer bundle with a broken artifact is not used, and no older version is trusted after it', async () => {
  await visit();
  const first = await bars();
  const broken = Buffer.from('{"format": 1}');
  const { manifest, hash } = withArtifact(served, 'bundle.json', broken);
  site.overrides.set(MANIFEST, () => ({ body: signed(manifest) }));
  site.overrides.set(`/registry/artifacts/${hash}`, () => ({ body: broken }));
  await page.reload();
  await answered(page);
  let answers = await readAnswers(page);
  assert.equal(answers.state, 'On the last good models');
  assert.match(answers.notice, /bundle\.json.*unreadable_artifact/);
  assert.deepEqual(await bars(), first);

  site.overrides.set(MANIFEST, () => ({ body: signed(served) }));
  await page.reload();
  await answered(page);
  answers = await readAnswers(page);
  assert.match(answers.notice, /older_version/);
  assert.deepEqual(await bars(), first);
});

test('a registry that answers 503 leaves the last good models in use', async () => {
  await visit();
  site.overrides.set(MANIFEST, () => ({ status: 503, body: '' }));
  await page.reload();
  await answered(page);
  assert.match((await readAnswers(page)).notice, /answered 503.*http_status/);
});

test('the test signs as the publisher does', () => {
  const again = JSON.parse(signed(served));
  assert.deepEqual(again.signed, served);
  assert.equal(sha256(Buffer.from('abc')), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});
