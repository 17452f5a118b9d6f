// Runs the self test module: node tests/wasm/run.mjs MODULE.wasm [bench]
// Needs Node 22 or newer: the baseline compiler of Node 20 doubles relaxed dot products.
import { readFile } from "node:fs/promises";

const [path, mode] = process.argv.slice(2);
const { instance } = await WebAssembly.instantiate(await readFile(path), {});
const wasm = instance.exports;
const expected = (await readFile(new URL("../checksum.txt", import.meta.url), "utf8")).trim();

const name = (kernel) =>
  new TextDecoder().decode(new Uint8Array(wasm.memory.buffer, wasm.name(kernel), wasm.name_length(kernel)));
const kernels = [...Array(wasm.kernels()).keys()];

const relaxed = wasm.relaxed();
const lowerings = ["VNNI", "saturating pairs", "signed", "unknown"];
console.log(
  relaxed < 0 ? "relaxed SIMD is not compiled in" : `relaxed dot: exact ${relaxed >= 10}, ${lowerings[relaxed % 10]}`,
);

let failed = false;
for (const kernel of kernels) {
  const found = BigInt.asUintN(64, wasm.checksum(kernel)).toString(16).padStart(16, "0");
  failed ||= found !== expected;
  console.log(`${name(kernel).padEnd(14)} ${found} ${found === expected ? "as expected" : `expected ${expected}`}`);
}

if (mode === "bench") {
  const rounds = 15;
  const measure = (run, times) => {
    run(times);
    const milliseconds = Array.from({ length: rounds }, () => {
      const start = performance.now();
      run(times);
      return (performance.now() - start) / times;
    }).sort((a, b) => a - b);
    return [milliseconds[0], milliseconds[rounds >> 1]];
  };
  console.log("GMAC/s of linear layers, at the best round and the median one");
  for (const kernel of kernels) {
    for (const [k, n] of [[384, 1152], [384, 1536], [1536, 384]]) {
      for (const m of [16, 32, 128]) {
        const work = name(kernel) === "portable" ? 2e7 : 2e8;
        wasm.prepare(kernel, m, k, n);
        const rates = measure(wasm.linear, Math.max(1, Math.round(work / (m * n * k)))).map((ms) =>
          ((m * n * k) / ms / 1e6).toFixed(1).padStart(8),
        );
        console.log(`${name(kernel).padEnd(14)} ${`${m}`.padStart(4)} ${`${k} x ${n}`.padStart(11)} ${rates.join(" ")}`);
      }
    }
  }
  console.log("microseconds at 128 tokens, the best round");
  for (const kernel of kernels) {
    wasm.prepare(kernel, 128, 1536, 8);
    const quantize = measure(wasm.quantize, 20)[0];
    const others = ["attention", "layer norm 384", "gelu 1536"].map(
      (label, which) => `${label} ${(measure((times) => wasm.other(kernel, which, times), 30)[0] * 1e3).toFixed(0)}`,
    );
    console.log(`${name(kernel).padEnd(14)} quantize 1536 ${(quantize * 1e3).toFixed(0)}, ${others.join(", ")}`);
  }
}
process.exit(failed ? 1 : 0);
