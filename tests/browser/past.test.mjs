// The user's own past conversations: compared with, kept on the device, sent nowhere.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { freshBrowser } from './lib/chromium.mjs';
import { Site } from './lib/site.mjs';

const site = new Site();
let browser;
let page;

const price = [
  { speaker: 'Customer', response: 'That is more than we wanted to spend this year.' },
  { speaker: 'Salesman', response: 'I can give you two months free if you sign today.' },
  { speaker: 'Customer', response: 'No, it is too expensive for us.' },
];
const demo = [
  { speaker: 'Salesman', response: 'Would you like to see a demonstration on Tuesday?' },
  { speaker: 'Customer', response: 'Yes, Tuesday at ten is fine. Please send an invitation.' },
];

before(async () => {
  await site.start();
  browser = await freshBrowser();
  page = await browser.context.newPage();
  await page.goto(site.blank);
  await page.evaluate(async () => {
    window.client = await import('/client/dist/index.js');
    window.load = () => window.client.Rapport.load({ registryUrl: '/registry/registry.json' });
    window.rapport = await window.load();
  });
});

after(async () => {
  await browser?.close();
  await site.stop();
});

test('without own conversations none of them comes', async () => {
  const { answer, status } = await page.evaluate(
    async (history) => ({ answer: await window.rapport.similar({ history }), status: await window.rapport.status() }),
    demo,
  );
  assert.equal([...answer.won, ...answer.lost].filter(({ source }) => source === 'own').length, 0);
  assert.deepEqual(status.past, { count: 0 });
});

test('an added conversation is the nearest to itself', async () => {
  const { count, answer } = await page.evaluate(
    async ([lost, won]) => {
      const count = await window.rapport.addPast([
        { id: 'too dear', history: lost, outcome: 'lost' },
        { id: 'a date', history: won, outcome: 'won' },
      ]);
      return { count, answer: await window.rapport.similar({ history: won }, { k: 1, lambda: 0.7 }) };
    },
    [price, demo],
  );
  assert.equal(count, 2);
  const [nearest] = answer.won;
  assert.deepEqual([nearest.id, nearest.outcome, nearest.turns, nearest.source], ['a date', 'won', 2, 'own']);
  assert.ok(nearest.similarity > 0.99 && nearest.similarity <= 1, `${nearest.similarity}`);
});

test('they outlive the engine, and an export can be imported', async () => {
  const { kept, left, back, bytes } = await page.evaluate(async () => {
    window.rapport.dispose();
    window.rapport = await window.load();
    const kept = (await window.rapport.status()).past;
    const bytes = await window.rapport.exportPast();
    const left = await window.rapport.removePast(['too dear', 'a date', 'never there']);
    return { kept, left, back: await window.rapport.importPast(bytes), bytes: bytes.length };
  });
  assert.deepEqual(kept, { count: 2 });
  assert.equal(left, 0);
  assert.equal(back, 2);
  assert.ok(bytes < 4000, `${bytes} bytes hold no texts`);
});

test('a batch with a fault changes nothing', async () => {
  const { reason, count } = await page.evaluate(async (history) => {
    const add = window.rapport.addPast([
      { id: 'good', history, outcome: 'won' },
      { id: '', history, outcome: 'won' },
    ]);
    const reason = await add.then(
      () => 'no error',
      ({ code }) => code,
    );
    return { reason, count: (await window.rapport.status()).past.count };
  }, demo);
  assert.equal(reason, 'past_id');
  assert.equal(count, 2);
});

test('bytes that are no export are refused', async () => {
  const reasons = await page.evaluate(async () => {
    const bytes = await window.rapport.exportPast();
    const tries = [bytes.slice(0, -1), new Uint8Array([1, 2, 3]), new Uint8Array(0)];
    return Promise.all(
      tries.map((t) =>
        window.rapport.importPast(t).then(
          () => 'no error',
          ({ code }) => code,
        ),
      ),
    );
  });
  assert.deepEqual(reasons, ['past_unreadable', 'past_unreadable', 'past_unreadable']);
});
