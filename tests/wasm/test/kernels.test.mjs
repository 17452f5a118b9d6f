// The kernels of the encoder, built for wasm with and without relaxed SIMD: the same bits as natively.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../../../crates/kernels/tests/wasm/build.sh', import.meta.url));

test('every kernel has the recorded checksum', () => {
  const env = { ...process.env, NODE: process.execPath };
  const { status, stdout, stderr } = spawnSync('sh', [script], { encoding: 'utf8', env });
  assert.equal(status, 0, `${stdout}${stderr}`);
  for (const kernel of ['portable', 'wasm-simd128', 'wasm-relaxed']) {
    assert.match(stdout, new RegExp(`^${kernel} .* as expected$`, 'm'));
  }
});
