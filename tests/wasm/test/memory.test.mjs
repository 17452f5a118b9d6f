// Memory of a module that holds one bundle, in pages of 65,536 bytes; a process of its own, since a module never gives any back.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { championFiles, Engine, flavours } from '../lib/module.mjs';

const pages = () => flavours.relaxed.memory.buffer.byteLength / 65_536;
/** 72 MB, for a whole bundle that is used with long texts. */
const WHOLE = Math.floor(72e6 / 65_536);
/** `MemoryBudget::SERVING`: the vectors and the conversations that an engine keeps. */
const KEPT = (8 + 3) * 16;

test(`a whole bundle, used with a text of 256 tokens, takes at most ${WHOLE} pages`, (t) => {
  const files = championFiles();
  const config = JSON.parse(new TextDecoder().decode(files.get('bundle.json')));
  config.encoder.max_tokens = 256;
  files.set('bundle.json', new TextEncoder().encode(JSON.stringify(config)));
  const engine = new Engine(files);
  const loaded = pages();
  engine.analyze({ history: [{ speaker: 'Customer', response: 'price '.repeat(400) }] });
  const used = pages();
  t.diagnostic(`${loaded} pages when loaded, ${used} when used`);
  assert.ok(used <= WHOLE, `${used} pages`);

  // The longest conversations that are accepted; each text is another, so that every cache fills.
  for (let round = 0; round < 4; round++) {
    const turn = (i) => ({ speaker: i % 2 ? 'Customer' : 'Salesman', response: `${round} ${i}` });
    engine.analyze({ history: Array.from({ length: 500 }, (_, i) => turn(i)) });
  }
  const kept = pages() - used;
  t.diagnostic(`${kept} pages more after four conversations of 500 turns`);
  assert.ok(kept <= KEPT, `${kept} pages`);
});
