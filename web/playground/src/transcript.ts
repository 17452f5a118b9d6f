/** The two sides, in the words of the prediction API. */
export type Side = 'Customer' | 'Salesman';

/** One turn as it stands on the page. */
export interface Turn {
  speaker: Side;
  response: string;
}

// The words that `rapport_conversation::Speaker::from_word` understands.
const CUSTOMER = ['customer', 'prospect', 'client', 'buyer', 'user', 'caller', 'persuadee', 'lead'];
const SALESMAN = [
  'salesperson',
  'salesman',
  'saleswoman',
  'sales representative',
  'sales agent',
  'sales rep',
  'salesrep',
  'sales',
  'representative',
  'rep',
  'agent',
  'seller',
  'assistant',
  'advisor',
  'persuader',
];
const WORDS = [...CUSTOMER, ...SALESMAN].sort((a, b) => b.length - a.length).join('|');

// At the start of a line a tag may come in any case, after a time or in bold; inside a line it begins with a
// capital letter, so that "the agent: he" stays text.
const LINE_TAG = new RegExp(
  String.raw`^\s*(?:\[[^\]\n]{1,24}\]\s*|\d{1,2}:\d{2}(?::\d{2})?\s+)?[*_]{0,2}(${WORDS})\s*:\s*[*_]{0,2}\s*`,
  'i',
);
const INLINE_TAG = new RegExp(
  String.raw`(?<=\S)\s+(?=(?:${WORDS.replace(/\b[a-z]/g, (c) => `[${c}${c.toUpperCase()}]`)})\s*:\s)`,
  'g',
);
const STARTS_UPPER = /^\p{Lu}/u;
const NAME_TAG = /^\s*(\p{Lu}[\p{L}\p{M} .'’-]{0,30}?)\s*:\s+(?=\S)/u;

/** The side that a speaker word stands for. */
export function sideOf(word: string): Side | undefined {
  const plain = word.trim().toLowerCase().replace(/[_-]/g, ' ');
  if (CUSTOMER.includes(plain)) return 'Customer';
  return SALESMAN.includes(plain) ? 'Salesman' : undefined;
}

/** The other side. */
export const other = (side: Side): Side => (side === 'Customer' ? 'Salesman' : 'Customer');

/**
 * Reads a pasted conversation. Lines with a known tag start a turn, other lines go on with the turn before. Where
 * nobody is tagged, two names take turns as they are (the first sells), and lines without names alternate.
 */
export function parseTranscript(text: string): Turn[] {
  const lines = text
    .replace(/\r\n?/g, '\n')
    .split('\n')
    .flatMap(splitInline)
    .map((line) => line.trim())
    .filter(Boolean);
  if (lines.some((line) => LINE_TAG.test(line))) return tagged(lines);
  return named(lines) ?? lines.map((response, i) => ({ speaker: i % 2 === 0 ? 'Customer' : 'Salesman', response }));
}

function splitInline(line: string): string[] {
  // What stands before the first tag, a time or a star, belongs to it.
  const head = LINE_TAG.exec(line)?.[0] ?? '';
  const parts: string[] = [];
  for (const part of line.slice(head.length).split(INLINE_TAG)) {
    const last = parts.at(-1);
    if (last === undefined) parts.push(head + part);
    else if (STARTS_UPPER.test(part)) parts.push(part);
    else parts[parts.length - 1] = `${last} ${part}`;
  }
  return parts;
}

function tagged(lines: string[]): Turn[] {
  const turns: Turn[] = [];
  for (const line of lines) {
    const tag = LINE_TAG.exec(line);
    const speaker = tag?.[1] === undefined ? undefined : sideOf(tag[1]);
    if (tag && speaker) turns.push({ speaker, response: line.slice(tag[0].length) });
    else goOn(turns, line);
  }
  return turns.filter(({ response }) => response.trim() !== '');
}

function named(lines: string[]): Turn[] | undefined {
  const names = [...new Set(lines.map((line) => NAME_TAG.exec(line)?.[1]).filter((name) => name !== undefined))];
  if (names.length !== 2) return undefined;
  const turns: Turn[] = [];
  for (const line of lines) {
    const tag = NAME_TAG.exec(line);
    if (tag)
      turns.push({ speaker: tag[1] === names[0] ? 'Salesman' : 'Customer', response: line.slice(tag[0].length) });
    else goOn(turns, line);
  }
  return turns;
}

function goOn(turns: Turn[], line: string): void {
  const last = turns.at(-1);
  if (last) last.response = `${last.response} ${line}`.trim();
  else turns.push({ speaker: 'Customer', response: line });
}

/** The text that {@link parseTranscript} reads back. */
export function formatTranscript(turns: readonly Turn[]): string {
  return turns
    .filter(({ response }) => response.trim() !== '')
    .map(({ speaker, response }) => `${speaker}: ${response.replace(/\s*\n\s*/g, ' ')}`)
    .join('\n');
}
