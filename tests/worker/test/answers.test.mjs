// Every endpoint: the shape of the issue, the documented schema, and what must hold of any answer.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ask, edgeForFile, history, paths, post } from '../lib/edge.mjs';
import { validators } from '../lib/schema.mjs';

const responseTypes = ['Question', 'Agreement', 'Objection', 'Explanation', 'Reaction', 'Other'];
const stages = [
  'Introduction',
  'Information Gathering',
  'Product Discussion',
  'Objection Handling',
  'Closing/Call to Action',
  'Other',
];

const context = edgeForFile();

const sum = (probabilities) => Object.values(probabilities).reduce((a, b) => a + b, 0);
const top = (probabilities) =>
  Object.entries(probabilities).reduce((best, entry) => (entry[1] > best[1] ? entry : best))[0];

function isDistribution(probabilities, classes) {
  assert.deepEqual(Object.keys(probabilities), classes);
  for (const p of Object.values(probabilities)) assert.ok(p >= 0 && p <= 1, `${p} is no probability`);
  assert.ok(Math.abs(sum(probabilities) - 1) < 1e-5, `the sum is ${sum(probabilities)}`);
}

describe('answers', () => {
  test("the prospect's next response", async () => {
    const answer = await ask(context.edge, paths.response);
    isDistribution(answer.response_type_probabilities, responseTypes);
    assert.equal(answer.top_prediction, top(answer.response_type_probabilities));
  });

  test('the next stage', async () => {
    const answer = await ask(context.edge, paths.stage);
    isDistribution(answer.conversation_stage_probabilities, stages);
    assert.equal(answer.top_prediction, top(answer.conversation_stage_probabilities));
  });

  test('a suggestion rests on the same two predictions', async () => {
    const answer = await ask(context.edge, paths.suggestion);
    const [response, stage] = await Promise.all([ask(context.edge, paths.response), ask(context.edge, paths.stage)]);
    assert.ok(answer.suggested_sales_response.length > 10);
    assert.equal(answer.top_response_type, response.top_prediction);
    assert.equal(answer.top_conversation_stage, stage.top_prediction);
    assert.deepEqual(answer.response_type_probabilities, response.response_type_probabilities);
    assert.deepEqual(answer.conversation_stage_probabilities, stage.conversation_stage_probabilities);
  });

  test('the direction', async () => {
    const answer = await ask(context.edge, paths.direction);
    const clusters = Object.keys(answer.transition_probabilities).map(Number);
    assert.deepEqual(clusters, [...clusters.keys()], 'clusters are numbered from 0 without a gap');
    isDistribution(answer.transition_probabilities, clusters.map(String));
    assert.equal(String(answer.predicted_next_cluster), top(answer.transition_probabilities));
    assert.equal(answer.current_state.length, 2);
    for (const cluster of answer.current_state) assert.ok(clusters.includes(cluster));
    assert.equal(answer.cluster_names.length, clusters.length);
  });

  test('every answer fits its documented schema and nothing else is in it', async () => {
    const validator = await validators(context.edge);
    for (const path of Object.values(paths)) {
      for (const turns of [history, history.slice(0, 1), history.slice(1, 2)]) {
        const response = await post(context.edge, path, { history: turns });
        const errors = validator(path, 'post', '200')(response.headers.get('content-type'), await response.json());
        assert.deepEqual(errors, [], path);
      }
    }
  });

  test('every answer names the model, and is not to be stored', async () => {
    for (const path of Object.values(paths)) {
      const response = await post(context.edge, path, { history });
      const { model } = await response.json();
      assert.equal(model.bundle, context.registry.champion);
      assert.equal(model.registry_version, context.registry.manifest.version);
      assert.equal(response.headers.get('x-rapport-bundle'), model.bundle);
      assert.equal(response.headers.get('cache-control'), 'no-store');
      assert.match(response.headers.get('server-timing'), /^model;dur=\d+, inference;dur=\d+$/);
    }
  });

  test('the same conversation gets the same answer, byte for byte', async () => {
    for (const path of Object.values(paths)) {
      const [a, b] = await Promise.all([1, 2].map(async () => (await post(context.edge, path, { history })).text()));
      assert.equal(a, b);
    }
  });

  test('the speaker words in use mean the same', async () => {
    const [seller, customer] = await Promise.all([
      ask(context.edge, paths.response),
      ask(context.edge, paths.direction),
    ]);
    const words = [
      ['Agent', 'Prospect'],
      ['Sales Rep', 'Client'],
      ['Seller', 'Buyer'],
      ['salesperson', 'USER'],
    ];
    for (const [sales, other] of words) {
      const turns = history.map(({ speaker, response }) => ({
        speaker: speaker === 'Customer' ? other : sales,
        response,
      }));
      assert.deepEqual(await ask(context.edge, paths.response, turns), seller, `${sales} and ${other}`);
      assert.deepEqual(await ask(context.edge, paths.direction, turns), customer, `${sales} and ${other}`);
    }
  });

  test('who speaks makes a difference', async () => {
    const swapped = history.map(({ speaker, response }) => ({
      speaker: speaker === 'Customer' ? 'Salesman' : 'Customer',
      response,
    }));
    assert.notDeepEqual(await ask(context.edge, paths.response, swapped), await ask(context.edge, paths.response));
  });

  test('advice is not repeated from turn to turn', async () => {
    const longer = [
      ...history,
      { speaker: 'Salesman', response: 'It depends on the number of drivers. How many do you have?' },
      { speaker: 'Customer', response: 'Twelve. But still, what does it cost? It sounds expensive.' },
    ];
    const [first, second] = [
      await ask(context.edge, paths.suggestion),
      await ask(context.edge, paths.suggestion, longer),
    ];
    assert.notEqual(first.suggested_sales_response, second.suggested_sales_response);
  });

  test('any script and any sign is understood', async () => {
    const turns = [
      { speaker: 'Customer', response: 'Wieviel kostet das? 😀 価格は？ &amp; ‘quotes’' },
      { speaker: 'Salesman', response: '\u0000\u0007 tabs\tand\nlines  ' },
    ];
    for (const path of Object.values(paths)) await ask(context.edge, path, turns);
  });

  test('a conversation at the limit is answered', async () => {
    const turns = Array.from({ length: 500 }, (_, i) => ({
      speaker: i % 2 ? 'Customer' : 'Salesman',
      response: `Turn ${i % 20}: what about the price, the terms and the date?`,
    }));
    isDistribution((await ask(context.edge, paths.response, turns)).response_type_probabilities, responseTypes);
  });
});
