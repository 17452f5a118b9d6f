import type { SignalHighlight, Signals } from '@rapport/client';
import { card } from './card.js';
import { h, percent } from './dom.js';

/** The customer's strongest signals, each with its turn. */
export class SignalsCard {
  readonly element: HTMLElement;
  private readonly body = h('div');

  constructor() {
    this.element = card('signals', 'Signals', this.body);
  }

  /** Shows a conversation's signals. */
  show({ summary, notes }: Signals): void {
    const { strongest, commitment } = summary;
    const shown = commitment && !strongest.some((other) => same(other, commitment));
    const rows = shown ? [...strongest, commitment] : strongest;
    this.body.replaceChildren(
      rows.length > 0
        ? h('ul', { class: 'effects' }, ...rows.map(row))
        : h('p', { class: 'reason', text: 'None of the signals that are looked for stands out.' }),
      h('ul', { class: 'doubts' }, ...notes.map(({ text }) => h('li', { text }))),
    );
  }
}

/** A written rule matches or does not, so it has no probability to show. */
function row({ text, probability, source }: SignalHighlight): HTMLElement {
  return h(
    'li',
    { class: 'effect' },
    h('span', { class: 'effect-text', text }),
    h('span', { class: 'effect-points', text: source === 'rule' ? 'by rule' : percent(probability) }),
  );
}

const same = (a: SignalHighlight, b: SignalHighlight): boolean => a.signal === b.signal && a.turn === b.turn;
