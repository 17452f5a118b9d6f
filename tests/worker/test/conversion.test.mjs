// /predict: whether one conversation converts, or each of several.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { edgeForFile, history, post } from '../lib/edge.mjs';
import { validators } from '../lib/schema.mjs';

const path = '/predict';
const context = edgeForFile();

/** Posts to /predict; the answer fits the schema of its status. */
async function predict(body) {
  const response = await post(context.edge, path, body);
  const answer = await response.json();
  const fits = (await validators(context.edge))(path, 'post', String(response.status));
  assert.deepEqual(fits(response.headers.get('content-type'), answer), []);
  return { status: response.status, answer };
}

/** As `predict`; undefined when the bundle has no model of conversion and the edge says so. */
async function answered(body) {
  const { status, answer } = await predict(body);
  if (context.registry.hashOf('conversion.json')) {
    assert.equal(status, 200, JSON.stringify(answer));
    return answer;
  }
  assert.deepEqual([status, answer.code], [501, 'not_in_model']);
  return undefined;
}

describe('one conversation', () => {
  test('gets a probability, turn by turn, and the model', async () => {
    const answer = await answered({ history });
    if (!answer) return;
    const { conversion_probability: probability, interval, alike, by_turn: byTurn, finished, model } = answer;
    assert.ok(interval[0] <= probability && probability <= interval[1]);
    assert.ok(alike.won <= alike.conversations);
    assert.deepEqual(
      byTurn.map(({ line }) => line),
      [0, 1, 2, 3],
    );
    assert.equal(byTurn.at(-1).probability, probability);
    assert.equal(finished, false);
    assert.equal(model.bundle, context.registry.champion);
  });

  test('the end and an unknown domain are minded', async () => {
    const answer = await answered({ history, finished: true, domain: 'never heard of' });
    if (!answer) return;
    assert.equal(answer.finished, true);
    assert.equal(answer.domain_weight, 0);
    assert.match(answer.notices.join(), /never heard of/);
  });

  for (const [fields, field, code] of [
    [{ domain: 7 }, 'domain', 'domain_not_text'],
    [{ domain: '' }, 'domain', 'domain_length'],
    [{ finished: 'yes' }, 'finished', 'finished_not_boolean'],
    [{ finished: 1 }, 'finished', 'finished_not_boolean'],
    [{ history: [] }, 'history', 'history_empty'],
    [{ conversations: [{ history }] }, 'history', 'history_beside_list'],
  ]) {
    test(`${JSON.stringify(fields).slice(0, 40)}: 422 names the field`, async () => {
      const { status, answer } = await predict({ history, ...fields });
      assert.equal(status, 422);
      assert.deepEqual(
        answer.errors.map((error) => [error.field, error.pointer, error.code]),
        [[field, `/${field}`, code]],
      );
    });
  }

  test('the other endpoints do not mind fields that are not theirs', async () => {
    const response = await post(context.edge, '/predict-next-conversation-stage', {
      history,
      domain: 7,
      finished: 'x',
    });
    assert.equal(response.status, 200);
  });
});

describe('several conversations', () => {
  test('are answered in their order, and a bad one leaves the others alone', async () => {
    const answer = await answered({
      conversations: [
        { id: 'first', history },
        { id: 'second', history: [{ speaker: 'Robot', response: 'Beep' }] },
        { history: history.slice(0, 1), finished: true },
        { id: 4, history, finished: 'yes' },
        'a text',
      ],
    });
    if (!answer) return;
    const alone = await answered({ history });
    const [first, second, third, fourth, fifth] = answer.conversations;
    assert.equal(answer.conversations.length, 5);
    assert.deepEqual({ ...first.prediction, model: answer.model }, alone);
    assert.equal(first.id, 'first');
    assert.equal(second.id, 'second');
    assert.deepEqual(
      [second.error.pointer, second.error.field, second.error.code],
      ['/conversations/1/history/0/speaker', 'conversations[1].history[0].speaker', 'speaker_unknown'],
    );
    assert.equal(third.id, undefined);
    assert.equal(third.prediction.finished, true);
    assert.deepEqual(
      [fourth.id, fourth.error.pointer, fourth.error.code],
      ['4', '/conversations/3/finished', 'finished_not_boolean'],
    );
    assert.deepEqual([fifth.error.pointer, fifth.error.code], ['/conversations/4', 'body_not_object']);
  });

  test('up to 50 are accepted', async () => {
    const conversations = Array.from({ length: 50 }, (_, i) => ({ id: String(i), history: history.slice(0, 1) }));
    const answer = await answered({ conversations });
    if (answer) {
      assert.deepEqual(
        answer.conversations.map(({ id, prediction }) => [id, prediction.by_turn.length]),
        conversations.map(({ id }) => [id, 1]),
      );
    }
    const { status, answer: problem } = await predict({ conversations: [...conversations, { history }] });
    assert.equal(status, 413);
    assert.deepEqual([problem.code, problem.limit], ['too_many_conversations', 50]);
  });

  for (const [conversations, code] of [
    [{}, 'conversations_not_list'],
    [[], 'conversations_empty'],
  ]) {
    test(`${JSON.stringify(conversations)} is no list of conversations: 422`, async () => {
      const { status, answer } = await predict({ conversations });
      assert.equal(status, 422);
      assert.deepEqual([answer.code, answer.errors[0].pointer], [code, '/conversations']);
    });
  }
});
