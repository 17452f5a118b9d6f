// What a first visit downloads, raw and compressed.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_LGWIN]: 24 } };

/** Bytes of each part and of all, for ours and for the peers: `{raw, gzip, brotli}`. */
export function downloads({ root, registry, work, transformers }) {
  const signed = JSON.parse(readFileSync(join(registry, 'registry.json'), 'utf8')).signed;
  const artifacts = signed.bundles[signed.aliases.champion].artifacts;
  const pkg = (flavour) => [
    join(root, `web/client/pkg/${flavour}/rapport_wasm_bg.wasm`),
    join(root, `web/client/pkg/${flavour}/rapport_wasm.js`),
  ];
  const named = (wanted) =>
    artifacts.filter((hash) => wanted(signed.artifacts[hash].name)).map((hash) => join(registry, 'artifacts', hash));
  const ours = {
    module: pkg('relaxed'),
    encoder: named((name) => name === 'encoder.onnx'),
    tokenizer: named((name) => name === 'tokenizer.json'),
    heads: named((name) => !['encoder.onnx', 'tokenizer.json'].includes(name)),
  };
  const ortDist = join(work, 'node_modules/onnxruntime-web/dist');
  const hub = join(work, 'hub/encoder');
  const own = join(transformers, 'node_modules/onnxruntime-web/dist');
  const peers = {
    'onnxruntime-web': {
      module: ['ort.wasm.min.mjs', 'ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm'].map((f) =>
        join(ortDist, f),
      ),
      encoder: [join(work, 'ort.onnx')],
    },
    'transformers.js': {
      module: [
        join(transformers, 'dist/transformers.web.js'),
        ...['ort.webgpu.min.mjs', 'ort-wasm-simd-threaded.asyncify.mjs', 'ort-wasm-simd-threaded.asyncify.wasm'].map(
          (f) => join(own, f),
        ),
      ],
      encoder: [join(hub, 'onnx/model_quantized.onnx')],
      tokenizer: [join(hub, 'tokenizer.json')],
    },
  };
  return {
    ours: sizes(ours),
    ...Object.fromEntries(Object.entries(peers).map(([name, parts]) => [name, sizes(parts)])),
  };
}

function sizes(parts) {
  const all = { raw: 0, gzip: 0, brotli: 0 };
  const list = {};
  for (const [part, files] of Object.entries(parts)) {
    list[part] = { raw: 0, gzip: 0, brotli: 0 };
    for (const file of files) {
      const bytes = readFileSync(file);
      list[part].raw += bytes.length;
      list[part].gzip += gzipSync(bytes, { level: 9 }).length;
      list[part].brotli += brotliCompressSync(bytes, BROTLI).length;
    }
    for (const kind of Object.keys(all)) all[kind] += list[part][kind];
  }
  return { ...list, total: all };
}
