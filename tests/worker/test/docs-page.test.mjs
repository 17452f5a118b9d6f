// /docs in Chromium: it renders the endpoints under its own content security policy, and what it offers to try works.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { freshBrowser } from '../../browser/lib/chromium.mjs';
import { edgeForFile, optional } from '../lib/edge.mjs';

const context = edgeForFile();

describe('/docs in Chromium', () => {
  let chromium;
  let page;
  const complaints = [];
  before(async () => {
    chromium = await freshBrowser();
    page = await chromium.context.newPage();
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(new URL('/docs', context.edge.url).href);
    await page.getByRole('button', { name: 'Send' }).nth(6).waitFor();
  });
  after(() => chromium?.close());

  test('lists the questions and the health report', async () => {
    assert.deepEqual(await page.locator('#endpoints .path').allTextContents(), [
      'POST/predict-prospect-response',
      'POST/predict-next-conversation-stage',
      'POST/suggest-sales-response',
      'POST/predict-conversation-direction',
      'POST/signals',
      'POST/predict',
      'GET/health',
    ]);
  });

  test('says which model is loaded', async () => {
    await page.locator('#state.ok').waitFor();
    const { name } = await (await context.edge.fetch('/health')).json().then(({ model }) => model);
    assert.ok((await page.locator('#state').textContent()).includes(name));
  });

  test('sends the example of every endpoint and shows the answer', async () => {
    for (const section of await page.locator('#endpoints section').all()) {
      await section.getByRole('button', { name: 'Send' }).click();
      await section.locator('pre').waitFor();
      const artifact = optional[(await section.locator('.path').textContent()).replace('POST', '')];
      const status = !artifact || context.registry.hashOf(artifact) ? 200 : 501;
      assert.match(await section.getByRole('status').textContent(), new RegExp(`^${status} in \\d+ ms`));
      const answer = JSON.parse(await section.locator('pre').textContent());
      if (status === 200) assert.ok(answer.model);
      else assert.equal(answer.code, 'not_in_model');
    }
  });

  test('shows a refusal as it is', async () => {
    const section = page.locator('#endpoints section').first();
    await section.locator('textarea').fill('{"history":[]}');
    await section.getByRole('button', { name: 'Send' }).click();
    await section.locator('.result.bad').waitFor();
    assert.equal(JSON.parse(await section.locator('pre').textContent()).code, 'history_empty');
  });

  test('nothing was blocked and nothing broke, but for refusals', () => {
    assert.deepEqual(
      complaints.filter((text) => !/ (422|501) /.test(text)),
      [],
    );
  });
});
