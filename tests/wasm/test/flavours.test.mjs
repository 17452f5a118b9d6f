// The two builds of the engine's code: the same answers to the last bit, on the kernels that they are made for.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conversations } from '../../worker/parity/edge-answers.mjs';
import { championFiles, flavours } from '../lib/module.mjs';

const engines = Object.fromEntries(
  Object.entries(flavours).map(([flavour, { Engine }]) => [flavour, new Engine(championFiles())]),
);

test('each runs on its own kernel', () => {
  assert.equal(flavours.simd128.encoderKernel(), 'wasm-simd128');
  assert.equal(flavours.relaxed.encoderKernel(), 'wasm-relaxed');
});

test('an engine without relaxed SIMD can take the other one', () => {
  // 0xfd 0x93 0x02 is the dot product of relaxed SIMD; three bytes may also meet by chance, a few times at most.
  const dots = ({ bytes }) => Buffer.from(bytes).toString('latin1').split('\xfd\x93\x02').length - 1;
  assert.ok(dots(flavours.relaxed) > 12, `${dots(flavours.relaxed)} in the relaxed module`);
  assert.ok(dots(flavours.simd128) < 5, `${dots(flavours.simd128)} in the other`);
});

test('both give the same answers, bit for bit', () => {
  for (const { id, history } of conversations()) {
    assert.deepEqual(engines.simd128.analyze({ history }), engines.relaxed.analyze({ history }), id);
  }
});
