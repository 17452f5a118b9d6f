import init, { Engine, type InitOutput, VerifiedManifest } from '../pkg/rapport_wasm.js';
import { RapportError } from './errors.js';

export { Engine, VerifiedManifest };

// (module (func (result v128) i32.const 0 i8x16.splat i8x16.popcnt)): valid only where SIMD is.
const SIMD_PROBE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
]);

/** One artifact of a bundle, as the manifest describes it. */
export interface ArtifactEntry {
  name: string;
  sha256: string;
  bytes: number;
  kind: string;
}

/** The bundle that an alias names. */
export interface BundleEntry {
  id: string;
  artifacts: ArtifactEntry[];
}

let started: Promise<InitOutput> | undefined;

/** Compiles and starts the engine's code, once, while it still arrives. */
export function startModule(): Promise<InitOutput> {
  started ??= start();
  return started;
}

async function start(): Promise<InitOutput> {
  if (typeof WebAssembly === 'undefined' || !WebAssembly.validate(SIMD_PROBE)) {
    throw new RapportError('unsupported', 'this browser has no WebAssembly with SIMD; use a current version');
  }
  try {
    return await init();
  } catch (thrown) {
    started = undefined;
    throw new RapportError('module', `the engine's code could not be loaded: ${(thrown as Error).message}`, {
      cause: thrown,
    });
  }
}

/** True for an error that leaves the module's memory in no known state. */
export function isCrash(thrown: unknown): boolean {
  return thrown instanceof WebAssembly.RuntimeError;
}
