export { type ErrorRecord, RapportError, type RapportErrorCode } from './errors.js';
export { type AskOptions, type LoadOptions, Rapport, type SimilarOptions } from './rapport.js';
export type * from './types.js';
