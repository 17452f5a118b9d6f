import { h, icon } from './dom.js';
import { other, parseTranscript, type Side, type Turn } from './transcript.js';

interface Row {
  turn: Turn;
  element: HTMLLIElement;
  chip: HTMLButtonElement;
  text: HTMLTextAreaElement;
}

const GROWS_BY_ITSELF = CSS.supports('field-sizing', 'content');

/**
 * The conversation as a list of turns. Enter adds a turn of the other side, Backspace in an empty turn removes it,
 * and pasting several lines adds a turn for each.
 */
export class TurnList {
  readonly element = h('ol', { class: 'turns' });
  private rows: Row[] = [];

  constructor(private readonly onChange: () => void) {}

  /** The turns as they stand, empty ones included. */
  get turns(): Turn[] {
    return this.rows.map(({ turn }) => turn);
  }

  /** Shows other turns. */
  show(turns: readonly Turn[]): void {
    this.rows = turns.map((turn) => this.row({ ...turn }));
    this.element.replaceChildren(...this.rows.map(({ element }) => element));
    for (const { text } of this.rows) grow(text);
  }

  /** Adds a turn at the end and puts the cursor into it. */
  add(speaker: Side): void {
    this.insert(this.rows.length, [{ speaker, response: '' }]);
    this.focus(this.rows.length - 1);
  }

  /** Exchanges the two sides. */
  swap(): void {
    for (const row of this.rows) this.setSide(row, other(row.turn.speaker));
    this.onChange();
  }

  /** Marks the turn at a position as wrong; undefined unmarks all. */
  mark(position: number | undefined): void {
    this.rows.forEach(({ text }, i) => {
      if (i === position) text.setAttribute('aria-invalid', 'true');
      else text.removeAttribute('aria-invalid');
    });
  }

  private insert(at: number, turns: Turn[]): void {
    const rows = turns.map((turn) => this.row(turn));
    const before = this.rows[at]?.element ?? null;
    for (const { element } of rows) this.element.insertBefore(element, before);
    this.rows.splice(at, 0, ...rows);
    for (const { text } of rows) grow(text);
    this.onChange();
  }

  private remove(row: Row): void {
    const at = this.rows.indexOf(row);
    this.rows.splice(at, 1);
    row.element.remove();
    this.onChange();
    if (this.rows.length > 0) this.focus(Math.max(0, at - 1));
  }

  private focus(at: number): void {
    const text = this.rows[at]?.text;
    text?.focus();
    text?.setSelectionRange(text.value.length, text.value.length);
    text?.scrollIntoView({ block: 'nearest' });
  }

  private row(turn: Turn): Row {
    const chip = h('button', { type: 'button', class: 'chip' });
    const text = h('textarea', { class: 'turn-text', rows: 1, spellcheck: 'true', 'aria-label': 'What was said' });
    text.value = turn.response;
    const bin = h('button', { type: 'button', class: 'quiet', 'aria-label': 'Remove this turn' }, icon('remove'));
    const element = h('li', { class: 'turn' }, chip, text, bin);
    const row: Row = { turn, element, chip, text };
    this.setSide(row, turn.speaker);
    chip.addEventListener('click', () => {
      this.setSide(row, other(turn.speaker));
      this.onChange();
    });
    bin.addEventListener('click', () => this.remove(row));
    text.addEventListener('input', () => {
      turn.response = text.value;
      grow(text);
      this.onChange();
    });
    text.addEventListener('keydown', (event) => this.key(row, event));
    text.addEventListener('paste', (event) => this.paste(row, event));
    return row;
  }

  private setSide(row: Row, side: Side): void {
    row.turn.speaker = side;
    row.element.dataset.side = side;
    row.chip.textContent = side;
    row.chip.setAttribute('aria-label', `${side}. Press to change to ${other(side)}`);
  }

  private key(row: Row, event: KeyboardEvent): void {
    const at = this.rows.indexOf(row);
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.insert(at + 1, [{ speaker: other(row.turn.speaker), response: '' }]);
      this.focus(at + 1);
    } else if (event.key === 'Backspace' && row.text.value === '' && this.rows.length > 1) {
      event.preventDefault();
      this.remove(row);
    }
  }

  private paste(row: Row, event: ClipboardEvent): void {
    const turns = parseTranscript(event.clipboardData?.getData('text/plain') ?? '');
    if (turns.length < 2) return;
    event.preventDefault();
    const at = this.rows.indexOf(row);
    const empty = row.text.value.trim() === '';
    if (empty) {
      this.rows.splice(at, 1);
      row.element.remove();
    }
    this.insert(empty ? at : at + 1, turns);
    this.focus((empty ? at : at + 1) + turns.length - 1);
  }
}

function grow(text: HTMLTextAreaElement): void {
  if (GROWS_BY_ITSELF) return;
  text.style.height = 'auto';
  text.style.height = `${text.scrollHeight}px`;
}
