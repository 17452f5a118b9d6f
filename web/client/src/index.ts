export { type ErrorRecord, RapportError, type RapportErrorCode } from './errors.js';
export { type AskOptions, type ConversionOptions, type LoadOptions, Rapport, type SimilarOptions } from './rapport.js';
export type * from './types.js';
