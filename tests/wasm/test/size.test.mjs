// The modules keep to their budget; where one does not, the test says which crates grew.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { flavours } from '../lib/module.mjs';

/** Bytes of functions by crate, before optimisation, when the budget was set: see BENCHMARKS.md. */
const recorded = JSON.parse(readFileSync(new URL('../sizes.json', import.meta.url)));

for (const [flavour, { bytes }] of Object.entries(flavours)) {
  test(`${flavour}: the module is at most ${recorded.budget} bytes with gzip`, (t) => {
    const packed = gzipSync(bytes, { level: 9 }).length;
    t.diagnostic(`${bytes.length} bytes, ${packed} with gzip`);
    const now = JSON.parse(readFileSync(new URL(`../../../web/client/pkg/${flavour}/sizes.json`, import.meta.url)));
    const grown = Object.entries(now)
      .map(([crate, size]) => [crate, size - (recorded.crates[crate] ?? 0)])
      .filter(([, more]) => more > 0)
      .sort(([, a], [, b]) => b - a)
      .map(([crate, more]) => `${crate} +${more}`);
    assert.ok(
      packed <= recorded.budget,
      `${packed} bytes; grown before optimisation: ${grown.slice(0, 12).join(', ')}`,
    );
  });
}
