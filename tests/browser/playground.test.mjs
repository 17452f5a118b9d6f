// The playground as a visitor uses it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { complaints, freshBrowser } from './lib/chromium.mjs';
import { answered, nextAnswer, readAnswers } from './lib/playground.mjs';
import { servedManifest } from './lib/registry.mjs';
import { Site } from './lib/site.mjs';

const samples = JSON.parse(readFileSync(new URL('../conversations/samples.json', import.meta.url), 'utf8'));
const served = servedManifest();
const serves = (name) =>
  served.bundles[served.aliases.champion].artifacts.some((artifact) => served.artifacts[artifact].name === name);
const converts = serves('conversion.json');
const site = new Site();
let browser;
let page;
let errors;

before(async () => {
  await site.start();
  browser = await freshBrowser();
  page = await browser.context.newPage();
  errors = complaints(page);
});

after(async () => {
  await browser?.close();
  await site.stop();
});

test('the first visit shows progress in bytes, then four answers', async () => {
  await page.addInitScript(() => {
    window.seen = [];
    new MutationObserver(() => {
      const card = document.querySelector('#loading');
      if (card) window.seen.push(card.textContent);
    }).observe(document, { subtree: true, childList: true, characterData: true });
  });
  await page.goto(site.url);
  await answered(page);
  const seen = (await page.evaluate(() => window.seen)).join('\n');
  assert.match(seen, /Fetching the models/);
  assert.match(seen, /\d MB of \d+(\.\d)? MB/);
  const answers = await readAnswers(page);
  assert.equal(answers.state, 'On this device');
  assert.match(answers.timing, /^12 turns read in [\d.]+ ms on this device$/);
  assert.deepEqual(errors, []);
});

test('every sample is answered with probabilities that add up, and the top one leads', async () => {
  const lines = new Set();
  for (const [i, sample] of samples.entries()) {
    if (i > 0) await nextAnswer(page, () => page.selectOption('#sample', String(i)));
    const answers = await readAnswers(page);
    for (const kind of ['response', 'stage', 'direction']) {
      const { bars } = answers[kind];
      const sum = bars.reduce((total, { share }) => total + share, 0);
      assert.ok(Math.abs(sum - 1) < 0.05, `${sample.title}: ${kind} adds up to ${sum}`);
      const best = bars.reduce((a, b) => (b.share > a.share ? b : a));
      assert.equal(best.likeliest, true, `${sample.title}: ${kind}`);
      if (kind !== 'direction') assert.equal(answers[kind].top, best.name);
    }
    assert.ok(answers.suggestion.line.length > 10);
    assert.ok(answers.suggestion.reason.length > 10);
    assert.ok(answers.direction.next.length > 0);
    assert.ok(answers.timing.startsWith(`${sample.history.length} turn`));
    lines.add(answers.suggestion.line);
  }
  assert.ok(lines.size > 1, 'all samples get the same suggestion');
  assert.deepEqual(errors, []);
});

test('a bundle with a model of conversion draws its forecast for every turn, one without has no card', async () => {
  for (const [i, sample] of samples.entries()) {
    await nextAnswer(page, () => page.selectOption('#sample', String(i)));
    const { conversion } = await readAnswers(page);
    if (!converts) {
      assert.equal(conversion, undefined, sample.title);
      continue;
    }
    assert.ok(conversion, `${sample.title}: the card is missing`);
    assert.match(conversion.shown, /^(< 1|\d+) %$/);
    const probability = conversion.shown.startsWith('<') ? 0 : Number.parseInt(conversion.shown, 10);
    const [lower, upper] = /: (\d+) to (\d+) %$/.exec(conversion.interval).slice(1).map(Number);
    assert.ok(0 <= lower && lower <= probability && probability <= upper && upper <= 100, JSON.stringify(conversion));
    for (const effect of conversion.effects) assert.match(effect, /^[+−]\d+(\.\d)? points?$/);
    // Lines of one speaker that follow each other are one turn, which bears the number of the last.
    const ends = sample.history.flatMap(({ speaker }, line, { [line + 1]: next }) =>
      next?.speaker === speaker ? [] : [line + 1],
    );
    assert.equal(conversion.points, ends.length, sample.title);
    assert.match(conversion.readout, new RegExp(`^After turn ${ends.at(-1)}, .*: ${conversion.shown}`));
    await page.locator('.forecast').focus();
    await page.keyboard.press('Home');
    assert.match((await readAnswers(page)).conversion.readout, new RegExp(`^After turn ${ends[0]}, `));
    await page.keyboard.press('ArrowRight');
    assert.match((await readAnswers(page)).conversion.readout, new RegExp(`^After turn ${ends[1]}, `));
  }
  assert.deepEqual(errors, []);
});

test('a bundle with signals names the turns that show them, one without has no card', async () => {
  await nextAnswer(page, () => page.selectOption('#sample', '0'));
  const { signals } = await readAnswers(page);
  if (!serves('signals.onnx')) return assert.equal(signals, undefined);
  assert.ok(signals.length > 0, 'a price objection shows no signal');
  for (const { text, strength } of signals) {
    assert.match(text, / turn \d+/);
    assert.match(strength, /^(\d+ %|by rule)$/);
  }
});

test('one turn has a probability and no line', async () => {
  await page.getByRole('button', { name: 'Clear' }).click();
  await nextAnswer(page, () => page.keyboard.insertText('What does it cost?'));
  const { conversion } = await readAnswers(page);
  assert.equal(conversion !== undefined, converts);
  if (converts) assert.match(conversion.shown, /^(< 1|\d+) %$/);
  assert.equal(await page.locator('.forecast').count(), 0);
});

test('the answers follow while a turn is typed, with the keyboard alone', async () => {
  await page.selectOption('#sample', '0');
  await page.locator('.turn-text').last().focus();
  const before = (await readAnswers(page)).response.bars;
  const count = await page.locator('.turn').count();
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  assert.equal(await page.locator('.turn').count(), count + 1);
  await nextAnswer(page, () => page.keyboard.type('We could start with two seats for a month, would that help?'));
  await page.waitForTimeout(400);
  const now = await readAnswers(page);
  assert.ok(now.timing.startsWith(`${count + 1} turns`));
  assert.notDeepEqual(now.response.bars, before);
  // An empty turn goes with Backspace, and the cursor returns to the turn before.
  await page.keyboard.press('Enter');
  await page.keyboard.press('Backspace');
  assert.equal(await page.locator('.turn').count(), count + 1);
  assert.match(await page.evaluate(() => document.activeElement.value), /two seats/);
});

test('a chip changes the side, and the answers with it', async () => {
  const last = page.locator('.turn').last();
  const side = await last.getAttribute('data-side');
  const before = (await readAnswers(page)).response.bars;
  await last.locator('.chip').focus();
  await nextAnswer(page, () => page.keyboard.press('Space'));
  assert.notEqual(await last.getAttribute('data-side'), side);
  assert.notDeepEqual((await readAnswers(page)).response.bars, before);
});

test('a pasted conversation becomes turns', async () => {
  await page.getByRole('button', { name: 'Clear' }).click();
  assert.match(await page.textContent('#answers'), /Nothing to read yet/);
  await nextAnswer(page, () =>
    page.evaluate(() => {
      const data = new DataTransfer();
      data.setData(
        'text/plain',
        'Sales Rep: Good morning, is this a bad time?\nProspect: It is fine. What is it about?',
      );
      document.activeElement.dispatchEvent(
        new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }),
      );
    }),
  );
  assert.deepEqual(await page.locator('.turn').evaluateAll((turns) => turns.map((turn) => turn.dataset.side)), [
    'Salesman',
    'Customer',
  ]);
  assert.match((await readAnswers(page)).timing, /^2 turns/);
});

test('the same conversation can be edited as plain text', async () => {
  await page.getByRole('button', { name: 'Text', exact: true }).click();
  const text = page.locator('textarea.plain');
  assert.equal(
    await text.inputValue(),
    'Salesman: Good morning, is this a bad time?\nCustomer: It is fine. What is it about?',
  );
  await nextAnswer(page, () =>
    text.fill('Customer: How much is it? Salesman: 40 euros a seat. Customer: Too much for us.'),
  );
  await page.getByRole('button', { name: 'Turns', exact: true }).click();
  assert.equal(await page.locator('.turn').count(), 3);
});

test('a turn that is too long is refused by name, and answers come back when it is mended', async () => {
  const turn = page.locator('.turn-text').nth(1);
  await turn.fill('far too long '.repeat(1500));
  await page.waitForSelector('.notice:not([hidden])');
  assert.match((await readAnswers(page)).notice, /^Turn 2 .*turn_too_large/);
  assert.equal(await turn.getAttribute('aria-invalid'), 'true');
  await nextAnswer(page, () => turn.fill('40 euros a seat.'));
  assert.equal((await readAnswers(page)).notice, '');
  assert.equal(await turn.getAttribute('aria-invalid'), null);
});

test('no text leaves the page, and the policy forbids that it could', async () => {
  const outside = [];
  page.on('request', (request) => outside.push(request.url()));
  site.forget();
  const secret = 'Our budget is 48213 euros.';
  await nextAnswer(page, () => page.locator('.turn-text').last().fill(secret));
  assert.deepEqual(outside, []);
  assert.deepEqual(site.requests, []);
  const policy = await page.getAttribute('meta[http-equiv="Content-Security-Policy"]', 'content');
  assert.match(policy, /connect-src 'self'/);
  for (const attempt of [
    () =>
      fetch('https://example.com/').then(
        () => 'sent',
        () => 'blocked',
      ),
    () =>
      new Promise((resolve) => {
        document.addEventListener('securitypolicyviolation', (event) => resolve(event.blockedURI), { once: true });
        new Image().src = 'https://example.com/a.png';
      }),
  ]) {
    assert.match(await page.evaluate(attempt), /^(blocked|https:\/\/example\.com)/);
  }
});

test('it fits a phone, light and dark', async () => {
  for (const scheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: scheme });
    for (const [width, height] of [
      [390, 844],
      [320, 640],
      [1280, 800],
    ]) {
      await page.setViewportSize({ width, height });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= width, `${scheme}, ${width} pixels: the page is ${wide} wide`);
      if (process.env.RAPPORT_SCREENSHOTS) {
        await page.screenshot({ path: `${process.env.RAPPORT_SCREENSHOTS}/playground-${width}-${scheme}.png` });
      }
    }
  }
});
