// The recorded conversations as the edge answers them.

import { readFileSync } from 'node:fs';
import { ask, paths, post } from '../lib/edge.mjs';

const recorded = new URL('../../conversations/recorded.jsonl', import.meta.url);

/** The recorded conversations in the form of the API's history. */
export function conversations() {
  return readFileSync(recorded, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .map(({ id, turns }) => ({
      id,
      history: turns.map(({ speaker, text }) => ({
        speaker: speaker === 'customer' ? 'Customer' : 'Salesman',
        response: text,
      })),
    }));
}

/** `{id, response, stage, suggestion, direction}` for each conversation, and `conversion` where the bundle has it. */
export async function edgeAnswers(edge) {
  const answers = [];
  for (const { id, history } of conversations()) {
    const answer = { id };
    for (const [name, path] of Object.entries(paths)) {
      const { model, ...rest } = await ask(edge, path, history);
      answer[name] = rest;
    }
    const converts = await post(edge, '/predict', { history });
    const { model, ...conversion } = await converts.json();
    if (converts.status === 200) answer.conversion = conversion;
    else if (converts.status !== 501) throw new Error(`/predict: ${converts.status} ${JSON.stringify(conversion)}`);
    answers.push(answer);
  }
  return answers;
}
