// The engine as JavaScript sees it: values, errors, and the same answers as natively.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differences, largestDifference } from '../../worker/parity/compare.mjs';
import { conversations } from '../../worker/parity/edge-answers.mjs';
import { nativeAnswers } from '../../worker/parity/native-answers.mjs';
import { championFiles, Engine, memoryMegabytes, thrown } from '../lib/module.mjs';

const files = championFiles();
const engine = new Engine(files);
const history = [
  { speaker: 'Salesman', response: 'Our planner does that in minutes. Shall I show you?' },
  { speaker: 'Customer', response: 'It sounds expensive. What does it cost?' },
];
const sum = (probabilities) => Object.values(probabilities).reduce((a, b) => a + b, 0);

test('the probabilities of an answer add up to one, and the top prediction is the likeliest', () => {
  const { response, stage, direction } = engine.analyze({ history });
  for (const [top, probabilities] of [
    [response.top_prediction, response.response_type_probabilities],
    [stage.top_prediction, stage.conversation_stage_probabilities],
    [String(direction.predicted_next_cluster), direction.transition_probabilities],
  ]) {
    assert.ok(Math.abs(sum(probabilities) - 1) < 1e-5, JSON.stringify(probabilities));
    assert.equal(probabilities[top], Math.max(...Object.values(probabilities)));
  }
});

test('asked one by one, the answers are those of one pass', () => {
  const { response, stage, suggestion, direction } = engine.analyze({ history });
  assert.deepEqual(engine.respondNext({ history }), response);
  assert.deepEqual(engine.stageNext({ history }), stage);
  assert.deepEqual(engine.suggest({ history }), suggestion);
  assert.deepEqual(engine.direction({ history }), direction);
});

test('conversion is that of the same pass, or the bundle is said to lack it', () => {
  const { conversion } = engine.analyze({ history });
  if (!files.has('conversion.json')) {
    assert.equal(conversion, undefined);
    assert.equal(thrown(() => engine.conversion({ history })).code, 'missing_artifact');
    return;
  }
  assert.deepEqual(engine.conversion({ history }), conversion);
  assert.deepEqual(engine.conversion({ history }, { domain: undefined, finished: undefined }), conversion);
  assert.equal(conversion.by_turn.length, history.length);
  const [lower, upper] = conversion.interval;
  assert.ok(0 <= lower && lower <= conversion.conversion_probability && conversion.conversion_probability <= upper);
  assert.ok(upper <= 1);
  const over = engine.conversion({ history }, { domain: 'never heard of', finished: true });
  assert.equal(over.finished, true);
  assert.match(over.notices.join(), /never heard of/);
});

test('an option of conversion that cannot be read says which', () => {
  for (const [options, field, code] of [
    [{ domain: 7 }, 'domain', 'domain_not_text'],
    [{ finished: 'yes' }, 'finished', 'finished_not_boolean'],
  ]) {
    const error = thrown(() => engine.conversion({ history }, options));
    assert.deepEqual([error.field, error.code], [field, code]);
  }
});

test('an object of artifacts loads as a Map of them does', () => {
  const again = new Engine(Object.fromEntries(files));
  assert.deepEqual(again.respondNext({ history }), engine.respondNext({ history }));
  again.free();
});

test('a history that cannot be read says which field', () => {
  for (const [value, field] of [
    [{ history: [{ speaker: 'Robot', response: 'Beep' }] }, /history.*0.*speaker/],
    [{ history: [{ speaker: 'Customer', response: 7 }] }, /history.*0.*response/],
    [{ turns: [] }, /history/],
  ]) {
    const error = thrown(() => engine.respondNext(value));
    assert.ok(error instanceof Error);
    assert.match(error.code, /^[a-z_]+$/);
    assert.match(`${error.field} ${error.message}`, field);
  }
});

test('an empty history is refused', () => {
  const { code } = thrown(() => engine.suggest({ history: [] }));
  assert.match(code, /empty|turn/);
});

test('a bundle without one of its artifacts is refused by name', () => {
  const lacking = new Map(files);
  lacking.delete('stage.onnx');
  assert.match(thrown(() => new Engine(lacking)).message, /stage\.onnx/);
});

test('an artifact that is not ONNX is refused, and the engine that is there goes on answering', () => {
  const before = engine.respondNext({ history });
  const broken = new Map(files).set('acts.onnx', new Uint8Array([1, 2, 3]));
  assert.match(thrown(() => new Engine(broken)).message, /acts\.onnx/);
  assert.deepEqual(engine.respondNext({ history }), before);
});

test('an operator that is not in the build is refused by name', () => {
  const unknown = Buffer.from(files.get('sentiment.onnx'));
  unknown.write('MatMuX', unknown.indexOf('MatMul'));
  const broken = new Map(files).set('sentiment.onnx', unknown);
  assert.match(thrown(() => new Engine(broken)).message, /sentiment\.onnx.*MatMuX/);
});

test('every quantized part of the shipped models is fused', () => {
  assert.deepEqual(engine.info().unfused, []);
});

test('a part that could not be fused is named', () => {
  const other = Buffer.from(files.get('acts.onnx'));
  // The scales of the first layer are added instead: an operator of the same length, after the name of its node.
  const at = other.indexOf('"\u0003Mul', other.indexOf('shared0_product'));
  other.write('Add', at + 2);
  const slower = new Engine(new Map(files).set('acts.onnx', other));
  const [part, ...others] = slower.info().unfused;
  assert.match(part, /^acts\.onnx: .*no scales follow it/);
  assert.deepEqual(others, []);
  slower.free();
});

test('the vector of a text has length 1 and as many numbers as the engine says', () => {
  const vector = engine.embed('What does it cost?');
  assert.equal(vector.length, engine.info().dimensions);
  assert.ok(Math.abs(Math.hypot(...vector) - 1) < 1e-5);
});

test('the recorded conversations are answered as natively, within 1e-4', (t) => {
  const native = nativeAnswers();
  const list = conversations();
  assert.equal(list.length, native.size);
  let largest = 0;
  for (const { id, history } of list) {
    const answer = { id, ...engine.analyze({ history }) };
    assert.deepEqual(differences(native.get(id), answer, 1e-4), [], id);
    largest = Math.max(largest, largestDifference(native.get(id), answer));
  }
  t.diagnostic(`largest difference of a number: ${largest.toExponential(1)}`);
});

test('a conversation that grew turn by turn is answered as one that came whole', () => {
  const [grown, whole] = [new Engine(files), new Engine(files)];
  const list = conversations();
  const longest = list.reduce((a, b) => (a.history.length > b.history.length ? a : b)).history;
  for (let turns = 1; turns <= longest.length; turns++) grown.analyze({ history: longest.slice(0, turns) });
  const edited = longest.with(1, { ...longest[1], response: 'That is too expensive for us.' });
  for (const history of [longest, edited, longest.slice(0, 2), longest]) {
    const fresh = new Engine(files);
    assert.deepEqual(grown.analyze({ history }), fresh.analyze({ history }));
    assert.deepEqual(whole.analyze({ history }), grown.analyze({ history }));
    fresh.free();
  }
  grown.free();
  whole.free();
});

test('answering again and again asks for no more memory', (t) => {
  const before = memoryMegabytes();
  for (let round = 0; round < 50; round++) engine.analyze({ history });
  t.diagnostic(`memory of the module: ${memoryMegabytes().toFixed(0)} MB`);
  assert.equal(memoryMegabytes(), before);
});
