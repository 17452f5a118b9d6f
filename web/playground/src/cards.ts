import type { DirectionPrediction, Suggestion } from '@rapport/client';
import type { Answers } from './analysis.js';
import { Bars } from './bars.js';
import { card, headline } from './card.js';
import { ConversionCard } from './conversion-card.js';
import { directionMap } from './direction-map.js';
import { h, icon, percent } from './dom.js';
import { SignalsCard } from './signals-card.js';
import type { Turn } from './transcript.js';

/** The answers: four that are always there, and those that the bundle has models for. */
export class Cards {
  readonly element: HTMLElement;
  private readonly responseTop = h('p', { class: 'headline' });
  private readonly stageTop = h('p', { class: 'headline' });
  private readonly responseBars = new Bars('Probability of each response type');
  private readonly stageBars = new Bars('Probability of each stage');
  private readonly suggestion = h('div');
  private readonly way = h('p', { class: 'way' });
  private readonly map = h('div', { class: 'map-frame' });
  private readonly directionBars = new Bars('Probability of each direction');
  private readonly conversion = new ConversionCard();
  private readonly signals = new SignalsCard();
  private readonly directionCard = card(
    'direction',
    'Direction',
    this.way,
    h('div', { class: 'direction' }, this.map, this.directionBars.element),
  );
  private readonly said = h('p', { class: 'visually-hidden', 'aria-live': 'polite' });

  constructor() {
    this.element = h(
      'div',
      { class: 'cards' },
      card('response', "The customer's next response", this.responseTop, this.responseBars.element),
      card('stage', 'The next stage', this.stageTop, this.stageBars.element),
      card('suggestion', 'What to say now', this.suggestion),
      this.directionCard,
      this.said,
    );
  }

  /** Shows the answers about these turns. */
  show({ response, stage, suggestion, direction, conversion, signals }: Answers, turns: readonly Turn[]): void {
    const responses = response.response_type_probabilities;
    const stages = stage.conversation_stage_probabilities;
    const last = response.last_response_type;
    headline(this.responseTop, response.top_prediction, last && `after: ${last}`);
    headline(this.stageTop, stage.top_prediction, `now: ${stage.current_stage}`);
    this.responseBars.show(responses, response.top_prediction);
    this.stageBars.show(stages, stage.top_prediction);
    this.showSuggestion(suggestion);
    this.showDirection(direction);
    if (conversion) this.conversion.show(conversion, turns);
    if (signals) this.signals.show(signals);
    this.place(this.conversion.element, conversion !== undefined);
    this.place(this.signals.element, signals !== undefined);
    this.said.textContent =
      `Next response: ${response.top_prediction}. Next stage: ${stage.top_prediction}. ` +
      `You could say: ${suggestion.suggested_sales_response}` +
      (conversion ? ` It converts with a probability of ${percent(conversion.conversion_probability)}.` : '');
  }

  /** Puts a card before that of the direction, or takes it away. */
  private place(element: HTMLElement, wanted: boolean): void {
    if (!wanted) element.remove();
    else if (!element.isConnected) this.directionCard.before(element);
  }

  private showSuggestion({ suggested_sales_response, reason, category, alternatives }: Suggestion): void {
    const wasOpen = this.suggestion.querySelector('details')?.open ?? false;
    this.suggestion.replaceChildren(
      line(suggested_sales_response),
      h('p', { class: 'reason' }, h('span', { class: 'tag', text: category.replaceAll('_', ' ') }), reason),
    );
    if (alternatives.length === 0) return;
    this.suggestion.append(
      h(
        'details',
        { class: 'others', open: wasOpen },
        h(
          'summary',
          {},
          icon('chevron'),
          alternatives.length === 1 ? 'One more line' : `${alternatives.length} more lines that fit`,
        ),
        h(
          'ul',
          {},
          ...alternatives.map((alternative) =>
            h(
              'li',
              {},
              line(alternative.suggested_sales_response),
              h('p', { class: 'reason', text: alternative.reason }),
            ),
          ),
        ),
      ),
    );
  }

  private showDirection(direction: DirectionPrediction): void {
    const name = (cluster: number | string): string =>
      direction.cluster_names[Number(cluster)] ?? `Cluster ${Number(cluster) + 1}`;
    const { current_state, predicted_next_cluster, transition_probabilities } = direction;
    const [before, now] = current_state;
    this.way.replaceChildren(
      ...(before === now ? [] : [step(name(before), 'before'), arrow()]),
      step(name(now), 'now'),
      arrow(),
      step(predicted_next_cluster === now ? 'stays there' : name(predicted_next_cluster), 'next'),
    );
    this.map.replaceChildren(directionMap(direction));
    this.directionBars.show(
      transition_probabilities,
      String(predicted_next_cluster),
      (cluster) => `${Number(cluster) + 1}  ${name(cluster)}`,
    );
  }
}

/** A line to say, with a button that copies it. */
function line(text: string): HTMLElement {
  const copy = h('button', { type: 'button', class: 'quiet', 'aria-label': 'Copy this line' }, icon('copy'));
  copy.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text);
      copy.classList.add('done');
      setTimeout(() => copy.classList.remove('done'), 1200);
    } catch {
      // Clipboards may be forbidden: the text can still be selected.
    }
  });
  return h('blockquote', { class: 'line' }, h('p', { text }), copy);
}

const step = (name: string, kind: string): HTMLElement => h('span', { class: `step ${kind}`, text: name });
const arrow = (): HTMLElement => h('span', { class: 'arrow', 'aria-label': 'then', text: '→' });
