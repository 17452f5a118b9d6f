// The recorded conversations: Chromium's answers are the native engine's within 1e-4.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { differences, largestDifference } from '../worker/parity/compare.mjs';
import { conversations } from '../worker/parity/edge-answers.mjs';
import { nativeAnswers } from '../worker/parity/native-answers.mjs';
import { freshBrowser } from './lib/chromium.mjs';
import { Site } from './lib/site.mjs';

const TOLERANCE = 1e-4;
const site = new Site();
let browser;

before(() => site.start());
after(async () => {
  await browser?.close();
  await site.stop();
});

test('Chromium answers the recorded conversations as the native engine does', { timeout: 300_000 }, async (t) => {
  const native = nativeAnswers();
  browser = await freshBrowser();
  const page = await browser.context.newPage();
  await page.goto(site.blank);
  const list = conversations();
  assert.equal(list.length, 40);
  const answers = await page.evaluate(async (conversations) => {
    const { Rapport } = await import('/client/dist/index.js');
    const rapport = await Rapport.load({ registryUrl: '/registry/registry.json' });
    const answers = [];
    for (const { id, history } of conversations) {
      const { milliseconds, ...answer } = await rapport.analyze({ history });
      answers.push({ id, ...answer });
    }
    return answers;
  }, list);
  let largest = 0;
  for (const answer of answers) {
    const expected = native.get(answer.id);
    assert.ok(expected, `the native answers lack ${answer.id}`);
    assert.deepEqual(differences(expected, answer, TOLERANCE), [], answer.id);
    largest = Math.max(largest, largestDifference(expected, answer));
  }
  t.diagnostic(`largest difference of a number: ${largest.toExponential(1)}`);
});
