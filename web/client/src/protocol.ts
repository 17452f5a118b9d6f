import type { ErrorRecord } from './errors.js';
import type { History, LoadProgress } from './types.js';

/** The questions that the engine answers. */
export type Question = 'respondNext' | 'stageNext' | 'suggest' | 'direction' | 'signals' | 'analyze';

/** What a load needs to know. */
export interface LoadRequest {
  /** Absolute address of `registry.json`. */
  registryUrl: string;
  /** Name of the Cache Storage cache; null keeps nothing. */
  cache: string | null;
}

/** From the page to the Web Worker. Every request but `cancel` is answered by one `done` or `failed`. */
export type Request =
  | { id: number; kind: 'load'; load: LoadRequest }
  | { id: number; kind: 'refresh' }
  | { id: number; kind: 'status' }
  | { id: number; kind: 'ask'; question: Question; history: History }
  | { id: number; kind: 'cancel' };

/** From the Web Worker to the page. */
export type Reply =
  | { id: number; kind: 'progress'; progress: LoadProgress }
  | { id: number; kind: 'done'; value: unknown; milliseconds: number }
  | { id: number; kind: 'failed'; error: ErrorRecord };
