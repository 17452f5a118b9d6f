// The recorded conversations, answered in workerd and natively, are equal within 1e-4.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { edgeForFile } from '../lib/edge.mjs';
import { differences, largestDifference } from '../parity/compare.mjs';
import { conversations, edgeAnswers } from '../parity/edge-answers.mjs';
import { nativeAnswers } from '../parity/native-answers.mjs';

const tolerance = 1e-4;
const context = edgeForFile();

describe('parity with the native engine', () => {
  let edge;
  let native;
  before(async () => {
    edge = await edgeAnswers(context.edge);
    native = nativeAnswers();
  });

  test('all forty conversations are answered on both sides', () => {
    assert.equal(conversations().length, 40);
    assert.deepEqual(
      [...native.keys()],
      edge.map(({ id }) => id),
    );
  });

  for (const { id } of conversations()) {
    test(id, () => {
      const found = edge.find((answer) => answer.id === id);
      assert.deepEqual(differences(native.get(id), found, tolerance), []);
    });
  }

  test('the largest difference is stated', (t) => {
    const largest = Math.max(...edge.map((answer) => largestDifference(native.get(answer.id), answer)));
    t.diagnostic(`largest difference of a probability: ${largest}`);
    assert.ok(largest <= tolerance);
  });
});
