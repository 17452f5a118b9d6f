import type { ConversionPrediction, TurnInfluence } from '@rapport/client';
import { card, headline } from './card.js';
import { h, percent } from './dom.js';
import { ForecastLine, range, turnName } from './forecast-line.js';
import type { Turn } from './transcript.js';

/** Will it convert: the probability, how it came about turn by turn, and what moved it. */
export class ConversionCard {
  readonly element: HTMLElement;
  private readonly top = h('p', { class: 'headline' });
  private readonly alike = h('p', { class: 'reason' });
  private readonly chart = h('div');
  private readonly line = new ForecastLine();
  private readonly reasons = h('div', { class: 'reasons' });
  private readonly notices = h('ul', { class: 'doubts' });

  constructor() {
    this.element = card('conversion', 'Will it convert?', this.top, this.alike, this.chart, this.reasons, this.notices);
  }

  /** Shows the answer about these turns. */
  show(answer: ConversionPrediction, turns: readonly Turn[]): void {
    headline(this.top, percent(answer.conversion_probability), `90 % interval: ${range(answer.interval)}`);
    this.alike.textContent = evidence(answer);
    if (answer.by_turn.length > 1) {
      this.line.show(answer.by_turn, turns);
      if (!this.line.element.isConnected) this.chart.replaceChildren(this.line.element);
    } else {
      this.chart.replaceChildren();
    }
    const moved = answer.turns.filter(({ effect }) => points(effect) !== undefined);
    this.reasons.replaceChildren(
      ...effects(
        'What moves it',
        answer.insights.map(({ text, effect }) => [sentence(text), effect]),
      ),
      ...effects(
        'Turns that moved it',
        moved.map((turn) => [quote(turn, turns), turn.effect]),
      ),
    );
    this.notices.replaceChildren(...answer.notices.map((text) => h('li', { text })));
  }
}

/** What the probability rests on. */
function evidence({ alike, domain, domain_weight }: ConversionPrediction): string {
  const { conversations, won } = alike;
  const past =
    conversations === 0
      ? 'No past conversation was scored alike at this length.'
      : `Of ${conversations.toLocaleString('en')} past conversations that were scored alike at this length, ` +
        `${won.toLocaleString('en')} were won (${percent(won / conversations)}).`;
  return domain_weight > 0 ? `${past} The model of ${domain} counts ${percent(domain_weight)}.` : past;
}

/** A list of sentences with their effects; nothing when it is empty. */
function effects(title: string, rows: [string | Node, number][]): HTMLElement[] {
  if (rows.length === 0) return [];
  const items = rows.map(([text, effect]) =>
    h(
      'li',
      { class: effect < 0 ? 'effect down' : 'effect up' },
      h('span', { class: 'effect-text' }, text),
      h('span', { class: 'effect-points', text: points(effect) ?? '0 points' }),
    ),
  );
  return [h('section', {}, h('h4', { text: title }), h('ul', { class: 'effects' }, ...items))];
}

/** A turn by its number and side, with its last line. */
function quote({ line }: TurnInfluence, turns: readonly Turn[]): Node {
  const name = turnName(line, turns);
  return h(
    'span',
    { class: 'quote' },
    h('span', { class: 'quote-name', text: name.charAt(0).toUpperCase() + name.slice(1) }),
    h('span', { class: 'quote-text', text: turns[line]?.response ?? '' }),
  );
}

/** `+6 points`; undefined for less than a tenth of one. */
function points(effect: number): string | undefined {
  const size = Math.abs(effect * 100);
  const shown = size < 0.95 ? size.toFixed(1) : size.toFixed(0);
  if (Number(shown) === 0) return undefined;
  return `${effect < 0 ? '−' : '+'}${shown} ${shown === '1' ? 'point' : 'points'}`;
}

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);
