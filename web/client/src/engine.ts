import type * as Glue from '../pkg/simd128/rapport_wasm.js';
import { RapportError } from './errors.js';
import type { ModuleFlavour } from './types.js';

export type { Engine, VerifiedManifest } from '../pkg/simd128/rapport_wasm.js';

// (module (func (result v128) i32.const 0 i8x16.splat i8x16.popcnt)): valid only where SIMD is.
const SIMD_PROBE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
]);
// The same of three splats and i32x4.relaxed_dot_i8x16_i7x16_add_s: valid only where relaxed SIMD is.
const RELAXED_PROBE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0, 65, 0, 253, 15, 65, 0, 253, 15, 65,
  0, 253, 15, 253, 147, 2, 11,
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

/** The engine's code, running. */
export interface Module {
  Engine: typeof Glue.Engine;
  VerifiedManifest: typeof Glue.VerifiedManifest;
  memory: WebAssembly.Memory;
  flavour: ModuleFlavour;
  /** What the encoder's products run on, as the code found out by trying. */
  kernel: string;
}

let started: Promise<Module> | undefined;

/** Compiles and starts the engine's code, once, while it still arrives. */
export function startModule(): Promise<Module> {
  started ??= start();
  return started;
}

async function start(): Promise<Module> {
  if (typeof WebAssembly === 'undefined' || !WebAssembly.validate(SIMD_PROBE)) {
    throw new RapportError('unsupported', 'this browser has no WebAssembly with SIMD; use a current version');
  }
  try {
    const flavour = WebAssembly.validate(RELAXED_PROBE) ? 'relaxed' : 'simd128';
    const glue: typeof Glue = await (flavour === 'relaxed'
      ? import('../pkg/relaxed/rapport_wasm.js')
      : import('../pkg/simd128/rapport_wasm.js'));
    const { memory } = await glue.default();
    const { Engine, VerifiedManifest } = glue;
    return { Engine, VerifiedManifest, memory, flavour, kernel: glue.encoderKernel() };
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
