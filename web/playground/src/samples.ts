import list from '../../../tests/conversations/samples.json';
import { sideOf, type Turn } from './transcript.js';

/** A conversation to try. */
export interface Sample {
  title: string;
  description: string;
  turns: Turn[];
}

/** Conversations that were written for this project. */
export const samples: Sample[] = list.map(({ title, description, history }) => ({
  title,
  description,
  turns: history.map(({ speaker, response }) => ({ speaker: sideOf(speaker) ?? 'Customer', response })),
}));
