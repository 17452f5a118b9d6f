// Which crate the bytes of a module's functions come from, by the names that the compiler left in it.
//   node sizes.mjs MODULE.wasm      prints them as JSON, before optimisation and compression

import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

/** A reader of LEB128 numbers and strings over bytes. */
class Reader {
  constructor(bytes, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  number() {
    let [value, shift] = [0, 0];
    for (;;) {
      const byte = this.bytes[this.at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
      shift += 7;
    }
  }

  text() {
    const length = this.number();
    this.at += length;
    return Buffer.from(this.bytes.subarray(this.at - length, this.at)).toString();
  }
}

const [CUSTOM, IMPORT, CODE] = [0, 2, 10];
const HEADER = 8;
const FUNCTION_NAMES = 1;

/** Sections as `[kind, name of a custom one, reader at its start, end]`. */
function* sections(bytes) {
  const reader = new Reader(bytes, HEADER);
  while (reader.at < bytes.length) {
    const kind = bytes[reader.at++];
    const size = reader.number();
    const end = reader.at + size;
    const inside = new Reader(bytes, reader.at);
    yield [kind, kind === CUSTOM ? inside.text() : '', inside, end];
    reader.at = end;
  }
}

/** Imported functions: the first function numbers are theirs. The modules here import nothing else. */
const importedFunctions = (reader) => {
  const count = reader.number();
  let functions = 0;
  for (let n = 0; n < count; n++) {
    reader.text();
    reader.text();
    const kind = reader.bytes[reader.at++];
    if (kind !== 0) throw new Error(`import ${n} is no function`);
    reader.number();
    functions++;
  }
  return functions;
};

/** Bytes of functions by crate, largest first: `[crate, bytes]`. */
export function bytesByCrate(bytes) {
  let imported = 0;
  const sizes = [];
  const names = new Map();
  for (const [kind, name, reader, end] of sections(bytes)) {
    if (kind === IMPORT) imported = importedFunctions(reader);
    if (kind === CODE) {
      for (let left = reader.number(); left > 0; left--) {
        const size = reader.number();
        sizes.push(size);
        reader.at += size;
      }
    }
    while (name === 'name' && reader.at < end) {
      const part = bytes[reader.at++];
      const partEnd = reader.number() + reader.at;
      if (part === FUNCTION_NAMES) {
        for (let left = reader.number(); left > 0; left--) names.set(reader.number(), reader.text());
      }
      reader.at = partEnd;
    }
  }
  const crates = new Map();
  sizes.forEach((size, n) => {
    const crate = crateOf(names.get(n + imported) ?? '');
    crates.set(crate, (crates.get(crate) ?? 0) + size);
  });
  return [...crates].sort(([, a], [, b]) => b - a);
}

const STANDARD = new Set(['core', 'alloc', 'std']);

/** The first crate in a mangled name that is not the standard library; that one where there is no other. */
function crateOf(mangled) {
  const plain = mangled
    .replaceAll('$LT$', '<')
    .replaceAll('$GT$', '>')
    .replaceAll('$RF$', '&')
    .replaceAll('$u20$', ' ')
    .replaceAll('..', '::');
  const found = [...plain.matchAll(/(?:_ZN|[<& ])_?<*(\d*)([a-z][a-z0-9_]*)(?=::|\d)/g)].map(([, length, path]) =>
    length ? path.slice(0, Number(length)) : path,
  );
  return found.find((crate) => crate && !STANDARD.has(crate)) ?? found[0] ?? 'others';
}

const [, script, module] = process.argv;
if (script && import.meta.url === pathToFileURL(script).href) {
  process.stdout.write(`${JSON.stringify(Object.fromEntries(bytesByCrate(readFileSync(module))), null, 2)}\n`);
}
