// The modules that scripts/build-wasm made, and the champion bundle that scripts/bundle laid out.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as relaxed from '../../../web/client/pkg/relaxed/rapport_wasm.js';
import * as simd128 from '../../../web/client/pkg/simd128/rapport_wasm.js';
import { defaultRegistryFolder } from '../../../worker/registry-folder.mjs';

const folder = defaultRegistryFolder();

const started = (flavour, glue) => {
  const bytes = readFileSync(new URL(`../../../web/client/pkg/${flavour}/rapport_wasm_bg.wasm`, import.meta.url));
  const { memory } = glue.initSync({ module: bytes });
  return { ...glue, bytes, memory };
};

/** Both builds of the engine's code, started. */
export const flavours = { relaxed: started('relaxed', relaxed), simd128: started('simd128', simd128) };

/** The build that most browsers take. */
export const { Engine, VerifiedManifest } = flavours.relaxed;

/** The bytes of registry.json. */
export const registry = readFileSync(join(folder, 'registry.json'));

/** Megabytes of memory that a module has asked for so far; it never gives any back. */
export const memoryMegabytes = ({ memory } = flavours.relaxed) => memory.buffer.byteLength / 2 ** 20;

/** The bytes of an artifact. */
export const artifact = (sha256) => readFileSync(join(folder, 'artifacts', sha256));

/** Name to bytes of the champion's artifacts, each checked against the manifest. */
export function championFiles() {
  const manifest = VerifiedManifest.verify(registry, undefined, Date.now());
  return new Map(
    manifest.bundle('champion').artifacts.map(({ name, sha256 }) => {
      const bytes = artifact(sha256);
      manifest.verifyArtifact(sha256, bytes);
      return [name, bytes];
    }),
  );
}

/** What `run` throws. */
export function thrown(run) {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
