// How the playground reads pasted text.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const source = fileURLToPath(new URL('../../web/playground/src/transcript.ts', import.meta.url));
const { outputFiles } = await build({ entryPoints: [source], format: 'esm', write: false });
const { formatTranscript, parseTranscript } = await import(
  `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
);

const read = (text) => parseTranscript(text).map(({ speaker, response }) => `${speaker[0]}|${response}`);

for (const [title, text, expected] of [
  ['tags at line starts', 'Customer: Hi.\nSalesman: Hello!', ['C|Hi.', 'S|Hello!']],
  ['other words, any case', 'PROSPECT: Hi.\nsales rep: Hello!\nbuyer: Ok', ['C|Hi.', 'S|Hello!', 'C|Ok']],
  ['tags inside one line', 'Customer: How much? Salesman: 40. Customer: Ok', ['C|How much?', 'S|40.', 'C|Ok']],
  ['times and bold tags', '[10:32] Agent: Hi\n10:33 Client: Yes\n**Customer:** No', ['S|Hi', 'C|Yes', 'C|No']],
  ['a turn of several lines', 'Agent: one\ntwo\n\nthree\nUser: four', ['S|one two three', 'C|four']],
  ['an untagged first line', 'hello there\nAgent: hi', ['C|hello there', 'S|hi']],
  ['lower case inside text stays', 'Customer: I asked the agent: he said no.', ['C|I asked the agent: he said no.']],
  ['two names', 'Ana: Hi!\nBen: Hello.\nmore\nAna: So?', ['S|Hi!', 'C|Hello. more', 'S|So?']],
  ['lines without names alternate', 'one\ntwo\nthree', ['C|one', 'S|two', 'C|three']],
  ['a colon is no name', 'Note: only one line', ['C|Note: only one line']],
  ['empty turns are dropped', 'Customer:\nAgent: hi', ['S|hi']],
  ['nothing', ' \n\n', []],
]) {
  test(title, () => assert.deepEqual(read(text), expected));
}

test('what is written is read back', () => {
  const turns = [
    { speaker: 'Salesman', response: 'Hello: is it you?' },
    { speaker: 'Customer', response: 'Yes, 10:30 Uhr.' },
  ];
  assert.deepEqual(parseTranscript(formatTranscript(turns)), turns);
});
