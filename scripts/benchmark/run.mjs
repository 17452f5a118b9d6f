// The whole measurement: node run.mjs WORK [--json FILE] [--quick]; WORK holds the peers (see scripts/bench).

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { downloads } from './downloads.mjs';
import { serve } from './server.mjs';
import { table } from './table.mjs';
import { textMaker } from './texts.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'string' }, quick: { type: 'boolean', default: false } },
});
const [work] = positionals;
const registry = process.env.RAPPORT_REGISTRY_DIR;
const peers = join(work, 'node_modules');
const transformers = join(peers, '@huggingface/transformers');
const { chromium } = createRequire(join(work, 'package.json'))('playwright-core');
const LENGTHS = [16, 32, 64, 128, 256];
const ROUNDS = options.quick ? 3 : 15;
const STARTS = options.quick ? 1 : 5;

const begun = performance.now();
const say = (text) =>
  process.stderr.write(`${((performance.now() - begun) / 1e3).toFixed(0).padStart(5)} s  ${text}\n`);
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const summary = (list) => ({ median: median(list), minimum: Math.min(...list), rounds: list.length });

const { server, url } = await serve(
  {
    bench: fileURLToPath(new URL('.', import.meta.url)),
    web: join(root, 'web/client'),
    registry,
    peers: work,
    hub: join(work, 'hub'),
    ort: join(peers, 'onnxruntime-web/dist'),
    transformers: join(transformers, 'dist'),
    'transformers-ort': join(transformers, 'node_modules/onnxruntime-web/dist'),
    'transformers-common': join(transformers, 'node_modules/onnxruntime-common/dist/esm'),
  },
  {
    'onnxruntime-web/webgpu': '/transformers-ort/ort.webgpu.min.mjs',
    'onnxruntime-common': '/transformers-common/index.js',
  },
);
const profile = mkdtempSync(join(tmpdir(), 'rapport-bench-'));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.RAPPORT_CHROMIUM,
  args: [
    '--no-sandbox',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});
browser.setDefaultTimeout(0);

/** Runs a function of page.mjs in a page of its own. */
async function inPage(run, argument) {
  const page = await browser.newPage();
  await page.exposeFunction('tell', say);
  await page.goto(url);
  const answer = await page.evaluate(
    async ([source, given]) => {
      const bench = await import('/bench/page.mjs');
      return new Function('bench', 'given', `return (${source})(bench, given)`)(bench, given);
    },
    [run.toString(), argument],
  );
  await page.close();
  return answer;
}

const result = {
  machine: { processor: cpus()[0].model, cores: cpus().length, browser: browser.browser()?.version() ?? '' },
  date: new Date().toISOString().slice(0, 10),
};
try {
  const text = textMaker(join(work, 'hub/encoder/tokenizer.json'));
  const texts = Object.fromEntries(
    LENGTHS.map((n) => [n, Array.from({ length: 6 + (ROUNDS + 1) * 4 }, () => text(n))]),
  );

  say('browser: speed of the encoder, in turns');
  const speed = await inPage(
    async (bench, { texts, rounds }) => {
      const registry = '/registry/registry.json';
      await bench.load('relaxed', bench.ours, 'relaxed', registry);
      await bench.load('simd128', bench.ours, 'simd128', registry);
      await bench.load('onnxruntime-web', bench.ort, '/peers/ort.onnx');
      await bench.load('transformers.js', bench.transformers);
      return bench.speed(texts, rounds, window.tell);
    },
    { texts, rounds: ROUNDS },
  );
  result.browser = Object.fromEntries(
    Object.entries(speed).map(([tokens, engines]) => [
      tokens,
      Object.fromEntries(Object.entries(engines).map(([name, times]) => [name, summary(times)])),
    ]),
  );

  say('browser: one more turn of 32 tokens in an open conversation');
  const turns = Array.from({ length: 10 + ROUNDS }, () => text(32).text);
  const open = await inPage(
    (bench, { turns, rounds }) => bench.openConversation('/registry/registry.json', turns, rounds),
    { turns, rounds: ROUNDS },
  );
  result.turn = summary(open);

  say('browser: conversations of 20 turns of 24 tokens, no text seen before');
  const conversations = Array.from({ length: 1 + ROUNDS }, () => Array.from({ length: 20 }, () => text(24).text));
  const whole = await inPage(
    (bench, { conversations }) => bench.wholeConversations('/registry/registry.json', conversations),
    { conversations },
  );
  result.conversation = summary(whole);

  say('browser: cold start from cached bytes');
  const starts = { ours: [], transformers: [] };
  for (let start = -1; start < STARTS; start++) {
    for (const name of Object.keys(starts)) {
      const milliseconds = await inPage(
        (bench, { name, text }) => bench.coldStart[name]('/registry/registry.json', text),
        {
          name,
          text: text(32).text,
        },
      );
      if (start >= 0) starts[name].push(milliseconds);
    }
  }
  result.coldStart = { ours: summary(starts.ours), 'transformers.js': summary(starts.transformers) };
  say('browser: memory');
  result.memory = await inPage((bench, { text }) => bench.memory('/registry/registry.json', text), {
    text: text(256).text,
  });
} finally {
  await browser.close();
  server.close();
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
}

say('bytes to download');
result.downloads = downloads({ root, registry, work, transformers });
result.crates = JSON.parse(readFileSync(join(root, 'web/client/pkg/relaxed/sizes.json'), 'utf8'));

say('natively, one thread, in turns');
result.native = {};
for (const tokens of LENGTHS) {
  const run = (command, list) => {
    const { status, stdout, stderr } = spawnSync(command, list, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${command}: ${stderr}`);
    return stdout.trim().split('\n').map(Number);
  };
  const times = { ours: [], onnxruntime: [] };
  const count = String(ROUNDS);
  for (let turn = 0; turn < 4; turn++) {
    times.ours.push(
      ...run(join(process.env.CARGO_TARGET_DIR, 'debug/examples/encode'), [
        '--times',
        join(work, 'encoder.onnx'),
        String(tokens),
        count,
      ]),
    );
    const peer = fileURLToPath(new URL('native_peer.py', import.meta.url));
    times.onnxruntime.push(...run(process.env.RAPPORT_PYTHON, [peer, join(work, 'ort.onnx'), String(tokens), count]));
  }
  result.native[tokens] = { ours: summary(times.ours), onnxruntime: summary(times.onnxruntime) };
}

say('natively, all threads: the turns of the recorded conversations, as the trainer encodes them');
const recorded = readFileSync(join(root, 'tests/conversations/recorded.jsonl'), 'utf8').trim().split('\n');
const said = recorded.flatMap((line) => JSON.parse(line).turns.map((turn) => turn.text.replaceAll('\n', ' ')));
const [sayings, vectors] = [join(work, 'turns.txt'), join(work, 'vectors.json')];
writeFileSync(
  sayings,
  `${Array.from({ length: 4 }, () => said)
    .flat()
    .join('\n')}\n`,
);
const rates = [];
for (let round = -1; round < (options.quick ? 1 : 5); round++) {
  const list = ['encode', '--json', '--file', sayings, '--out', vectors];
  const models = ['--encoder', join(work, 'encoder.onnx'), '--tokenizer', join(work, 'hub/encoder/tokenizer.json')];
  const rapport = join(process.env.CARGO_TARGET_DIR, 'debug/rapport');
  const { status, stderr } = spawnSync(rapport, [...list, ...models], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`rapport encode: ${stderr}`);
  const { embeddings, seconds } = JSON.parse(readFileSync(vectors, 'utf8'));
  if (round >= 0) rates.push(embeddings.length / seconds);
}
result.trainer = {
  turnsPerSecond: median(rates),
  best: Math.max(...rates),
  turns: 4 * said.length,
  threads: cpus().length,
};

if (options.json) writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`);
const written = table(result);
process.stdout.write(written);
if (!options.quick) {
  const path = join(root, 'BENCHMARKS.md');
  const text = readFileSync(path, 'utf8');
  const marks = ['<!-- scripts/bench -->', '<!-- end of scripts/bench -->'];
  const [from, to] = marks.map((mark) => text.indexOf(mark));
  if (from < 0 || to < from) throw new Error(`BENCHMARKS.md lacks the marks ${marks.join(' and ')}`);
  writeFileSync(path, `${text.slice(0, from + marks[0].length)}\n${written}${text.slice(to)}`);
  say('written into BENCHMARKS.md');
}
