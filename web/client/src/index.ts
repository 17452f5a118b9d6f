export { type ErrorRecord, RapportError, type RapportErrorCode } from './errors.js';
export { type AskOptions, type LoadOptions, Rapport } from './rapport.js';
export type * from './types.js';
