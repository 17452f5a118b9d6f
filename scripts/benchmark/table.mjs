// The result as the tables of BENCHMARKS.md.

const ms = ({ median, minimum }) => `${median.toFixed(2)} (${minimum.toFixed(2)})`;
const times = (peer, ours) => `${(peer.median / ours.median).toFixed(2)}x`;
const kb = (bytes) => Math.round(bytes / 1000).toLocaleString('en');
const row = (cells) => `| ${cells.join(' | ')} |\n`;
const head = (cells) => row(cells) + row(cells.map(() => '---'));

/** Markdown of a whole result. */
export function table(result) {
  const { machine, date, browser, native, trainer, turn, conversation, coldStart, memory, downloads, crates } = result;
  let text = `Measured ${date} by \`./scripts/bench\` on ${machine.cores} cores (${machine.processor}), Chromium ${machine.browser}; milliseconds, median (least); the engines take turns of four calls, of which the first is not counted.\n\n`;
  text += 'One text in Chromium, one thread; ours with tokenizing, ONNX Runtime from token numbers:\n\n';
  text += head([
    'tokens',
    'ours, relaxed SIMD',
    'ours, SIMD',
    'onnxruntime-web, int8 per channel',
    'transformers.js, q8',
    'relaxed against ORT',
    'SIMD against ORT',
  ]);
  for (const [tokens, e] of Object.entries(browser)) {
    const peer = e['onnxruntime-web'];
    text += row([
      tokens,
      ms(e.relaxed),
      ms(e.simd128),
      ms(peer),
      ms(e['transformers.js']),
      times(peer, e.relaxed),
      times(peer, e.simd128),
    ]);
  }
  text += '\nOne text natively, one thread, from token numbers:\n\n';
  text += head(['tokens', 'ours', 'ONNX Runtime, int8 per channel', 'ours against it']);
  for (const [tokens, e] of Object.entries(native))
    text += row([tokens, ms(e.ours), ms(e.onnxruntime), times(e.onnxruntime, e.ours)]);
  text += `\nThe trainer encodes ${Math.round(trainer.turnsPerSecond)} turns a second (best ${Math.round(trainer.best)}) on ${trainer.threads} threads: ${trainer.turns} turns of the recorded conversations, text to vector.\n`;
  text += '\n';
  text += head(['in Chromium', 'ours', 'transformers.js']);
  text += row(['one more turn of 32 tokens in an open conversation, all answers', ms(turn), '']);
  text += row(['a conversation of 20 turns of 24 tokens, no text seen before, all answers', ms(conversation), '']);
  text += row([
    'from cached bytes to the first answer (ours: the whole bundle, all heads)',
    ms(coldStart.ours),
    `${ms(coldStart['transformers.js'])}, ${times(coldStart['transformers.js'], coldStart.ours)}`,
  ]);
  text += row([
    `wasm memory after the whole bundle and a text of 256 tokens (${memory.kernel})`,
    `${(memory.bytes / 1e6).toFixed(1)} MB`,
    '',
  ]);
  text += '\nKilobytes of a first visit:\n\n';
  text += head(['', 'module', 'encoder', 'tokenizer', 'heads', 'all: raw', 'gzip', 'brotli']);
  for (const [name, parts] of Object.entries(downloads)) {
    const part = (key) => (parts[key] ? `${kb(parts[key].raw)} / ${kb(parts[key].gzip)} gzip` : '');
    text += row([
      name,
      part('module'),
      part('encoder'),
      part('tokenizer'),
      part('heads'),
      ...['raw', 'gzip', 'brotli'].map((kind) => kb(parts.total[kind])),
    ]);
  }
  const [largest, others] = [Object.entries(crates).slice(0, 12), Object.entries(crates).slice(12)];
  const rest = others.reduce((sum, [, bytes]) => sum + bytes, 0);
  text += '\nKilobytes of code in the module by crate, before `wasm-opt` and compression:\n\n';
  text += head(['crate', 'kB']);
  for (const [crate, bytes] of [...largest, ['all others', rest]]) text += row([`${crate}`, kb(bytes)]);
  return `${text}\n`;
}
