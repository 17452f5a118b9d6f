import type { ErrorRecord } from './errors.js';
import type { History, LoadProgress, PastConversation } from './types.js';

/** The questions that the engine answers. */
export type Question = 'respondNext' | 'stageNext' | 'suggest' | 'direction' | 'signals' | 'analyze';

/** What a load needs to know. */
export interface LoadRequest {
  /** Absolute address of `registry.json`. */
  registryUrl: string;
  /** Name of the Cache Storage cache; null keeps nothing. */
  cache: string | null;
}

/** A change to the user's own past conversations, or a copy of them. */
export type PastRequest =
  | { do: 'add'; conversations: PastConversation[] }
  | { do: 'remove'; ids: string[] }
  | { do: 'import'; bytes: Uint8Array }
  | { do: 'export' };

/** What is known beside a conversation whose conversion is asked about. */
export interface Circumstances {
  domain: string | undefined;
  finished: boolean | undefined;
}

/** From the page to the Web Worker. Every request but `cancel` is answered by one `done` or `failed`. */
export type Request =
  | { id: number; kind: 'load'; load: LoadRequest }
  | { id: number; kind: 'refresh' }
  | { id: number; kind: 'status' }
  | { id: number; kind: 'ask'; question: Question; history: History }
  | { id: number; kind: 'conversion'; history: History; circumstances: Circumstances }
  | { id: number; kind: 'similar'; history: History; k: number; lambda: number | undefined }
  | { id: number; kind: 'past'; past: PastRequest }
  | { id: number; kind: 'cancel' };

/** From the Web Worker to the page. */
export type Reply =
  | { id: number; kind: 'progress'; progress: LoadProgress }
  | { id: number; kind: 'done'; value: unknown; milliseconds: number }
  | { id: number; kind: 'failed'; error: ErrorRecord };
