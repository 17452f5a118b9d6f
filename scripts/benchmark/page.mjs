// What runs in the browser: each engine behind the same two calls, and the loops that time them in turns.

/** Ours: text to vector, tokenizing included. The bundle's limit of tokens is raised to the longest text here. */
export async function ours(flavour, registry) {
  const glue = await import(`/web/pkg/${flavour}/rapport_wasm.js`);
  const { memory } = await glue.default();
  const bytes = async (path) => new Uint8Array(await (await fetch(path)).arrayBuffer());
  const manifest = glue.VerifiedManifest.verify(await bytes(registry), undefined, Date.now());
  const files = new Map();
  for (const { name, sha256 } of manifest.bundle('champion').artifacts) {
    files.set(name, await bytes(new URL(`artifacts/${sha256}`, new URL(registry, location.href)).href));
  }
  const config = JSON.parse(new TextDecoder().decode(files.get('bundle.json')));
  config.encoder.max_tokens = 256;
  files.set('bundle.json', new TextEncoder().encode(JSON.stringify(config)));
  const engine = new glue.Engine(files);
  return { engine, memory, kernel: glue.encoderKernel(), encode: ({ text }) => engine.embed(text) };
}

/** onnxruntime-web on one thread: token numbers to vector. */
export async function ort(model) {
  const runtime = await import('/ort/ort.wasm.min.mjs');
  runtime.env.wasm.numThreads = 1;
  runtime.env.wasm.wasmPaths = '/ort/';
  const session = await runtime.InferenceSession.create(model, { executionProviders: ['wasm'] });
  const tensor = (values) => new runtime.Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length]);
  const encode = async ({ ids }) => {
    const feed = { input_ids: tensor(ids), attention_mask: tensor(ids.map(() => 1)) };
    return (await session.run(feed)).sentence_embedding.data;
  };
  return { encode };
}

/** transformers.js on one thread: text to vector. */
export async function transformers() {
  const { env, pipeline } = await import('/transformers/transformers.web.js');
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  env.localModelPath = '/hub/';
  env.backends.onnx.wasm.numThreads = 1;
  env.backends.onnx.wasm.wasmPaths = '/transformers-ort/';
  const extract = await pipeline('feature-extraction', 'encoder', { dtype: 'q8', device: 'wasm' });
  return { encode: async ({ text }) => (await extract(text, { pooling: 'mean', normalize: true })).data };
}

const engines = {};

/** Loads one engine under a name, for `speed`. */
export async function load(name, maker, ...argumentsOfIt) {
  engines[name] = await maker(...argumentsOfIt);
}

/** Texts of each length that are encoded before anything is counted. */
const WARM_UP = 6;
/** Calls of one engine in a row before it is the next one's turn; the first is not counted. */
const IN_A_ROW = 4;

/**
 * Milliseconds of the calls that count: the engines take turns within each round, so that a slow moment of the machine
 * meets all of them. Each text is new, so that nothing is answered from a cache.
 */
export async function speed(texts, rounds, tell) {
  const names = Object.keys(engines);
  // Until the browser has compiled the inner loops with all its care.
  for (const name of names) {
    for (const text of Object.values(texts).flatMap((list) => list.slice(0, WARM_UP))) await engines[name].encode(text);
  }
  const times = {};
  for (const [tokens, list] of Object.entries(texts)) {
    times[tokens] = Object.fromEntries(names.map((name) => [name, []]));
    for (let round = -1; round < rounds; round++) {
      for (const name of names) {
        for (let call = 0; call < IN_A_ROW; call++) {
          const text = list[WARM_UP + (round + 1) * IN_A_ROW + call];
          const begun = performance.now();
          await engines[name].encode(text);
          const milliseconds = performance.now() - begun;
          if (round >= 0 && call > 0) times[tokens][name].push(milliseconds);
        }
      }
    }
    await tell(`${tokens} tokens`);
  }
  return times;
}

/** Bytes of wasm memory after a whole bundle was loaded and used with a long text. */
export async function memory(registry, text) {
  const { engine, memory, kernel } = await ours('relaxed', registry);
  engine.analyze({ history: [{ speaker: 'Customer', response: text }] });
  return { bytes: memory.buffer.byteLength, kernel };
}

/** Milliseconds until a page that has all bytes in its caches has its first answer. */
export const coldStart = {
  async ours(registryUrl, text) {
    const begun = performance.now();
    const { Rapport } = await import('/web/dist/index.js');
    const rapport = await Rapport.load({ registryUrl });
    await rapport.analyze({ history: [{ speaker: 'Customer', response: text }] });
    const milliseconds = performance.now() - begun;
    rapport.dispose();
    return milliseconds;
  },
  async transformers(_, text) {
    const begun = performance.now();
    const { encode } = await transformers();
    await encode({ text });
    return performance.now() - begun;
  },
};

/** Milliseconds for one more turn in an open conversation, all four answers, as the client's user sees it. */
export async function openConversation(registryUrl, turns, rounds) {
  const { Rapport } = await import('/web/dist/index.js');
  const rapport = await Rapport.load({ registryUrl });
  const history = turns.slice(0, 10).map((response, i) => ({ speaker: i % 2 ? 'Customer' : 'Salesman', response }));
  const times = [];
  for (let round = 0; round < rounds; round++) {
    await rapport.analyze({ history });
    const next = { speaker: 'Salesman', response: turns[10 + round] };
    const begun = performance.now();
    await rapport.analyze({ history: [...history, next] });
    times.push(performance.now() - begun);
  }
  rapport.dispose();
  return times;
}

/** Milliseconds for all answers to conversations of which no text was seen before; the first round warms the code up. */
export async function wholeConversations(registryUrl, conversations) {
  const { Rapport } = await import('/web/dist/index.js');
  const rapport = await Rapport.load({ registryUrl });
  const times = [];
  for (const turns of conversations) {
    const history = turns.map((response, i) => ({ speaker: i % 2 ? 'Customer' : 'Salesman', response }));
    const begun = performance.now();
    await rapport.analyze({ history });
    times.push(performance.now() - begun);
  }
  rapport.dispose();
  return times.slice(1);
}
