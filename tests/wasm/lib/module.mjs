// The module that scripts/build-wasm made, and the champion bundle that scripts/bundle laid out.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as rapport from '../../../web/client/pkg/rapport_wasm.js';
import { defaultRegistryFolder } from '../../../worker/registry-folder.mjs';

const folder = defaultRegistryFolder();

export const wasm = readFileSync(new URL('../../../web/client/pkg/rapport_wasm_bg.wasm', import.meta.url));
const instance = rapport.initSync({ module: wasm });

export const { Engine, VerifiedManifest, matrixKernels } = rapport;

/** The bytes of registry.json. */
export const registry = readFileSync(join(folder, 'registry.json'));

/** Megabytes of memory that the module has asked for so far; it never gives any back. */
export const memoryMegabytes = () => instance.memory.buffer.byteLength / 2 ** 20;

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
