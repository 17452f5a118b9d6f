// Texts of an exact number of tokens, from whole words of the tokenizer's own list.

import { readFileSync } from 'node:fs';

const [CLS, SEP] = [101, 102];

/** A maker of texts: `(tokens) => { text, ids }`, each one new, always the same sequence. */
export function textMaker(tokenizerPath) {
  const { vocab } = JSON.parse(readFileSync(tokenizerPath, 'utf8')).model;
  const words = Object.entries(vocab).filter(([word, id]) => id > 1995 && id < 12_000 && /^[a-z]{3,}$/.test(word));
  let state = 7;
  const pick = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return words[Math.floor((state / 2 ** 32) * words.length)];
  };
  return (tokens) => {
    const chosen = Array.from({ length: tokens - 2 }, pick);
    return { text: chosen.map(([word]) => word).join(' '), ids: [CLS, ...chosen.map(([, id]) => id), SEP] };
  };
}
