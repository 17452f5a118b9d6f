// The recorded conversations as the native engine answers them.

import { readFileSync } from 'node:fs';

/** Answers by the id of the conversation, from the JSON lines in RAPPORT_NATIVE_ANSWERS. */
export function nativeAnswers() {
  const file = process.env.RAPPORT_NATIVE_ANSWERS;
  if (!file) throw new Error('RAPPORT_NATIVE_ANSWERS names no file with the answers of the native engine');
  return new Map(
    readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .map((answer) => [answer.id, answer]),
  );
}
