import { h, percent } from './dom.js';

interface Row {
  item: HTMLLIElement;
  fill: HTMLElement;
  value: HTMLElement;
}

/** Probabilities as bars that stay in their order, so that a change can be followed with the eye. */
export class Bars {
  readonly element: HTMLUListElement;
  private readonly rows = new Map<string, Row>();

  constructor(label: string, layout = '') {
    this.element = h('ul', { class: `bars ${layout}`.trim(), 'aria-label': label });
  }

  /** Shows a probability for each name; `top` is set off from the rest. */
  show(probabilities: Record<string, number>, top: string, title: (name: string) => string = (name) => name): void {
    const names = Object.keys(probabilities);
    if (names.length !== this.rows.size || names.some((name) => !this.rows.has(name))) this.build(names, title);
    for (const [name, { item, fill, value }] of this.rows) {
      const probability = probabilities[name] ?? 0;
      item.classList.toggle('top', name === top);
      fill.style.inlineSize = `${Math.max(probability * 100, 0.5)}%`;
      value.textContent = percent(probability);
    }
  }

  private build(names: string[], title: (name: string) => string): void {
    this.rows.clear();
    for (const name of names) {
      const value = h('span', { class: 'bar-value' });
      const fill = h('span', { class: 'bar-fill' });
      const item = h(
        'li',
        { class: 'bar' },
        h('span', { class: 'bar-name', text: title(name) }),
        value,
        h('span', { class: 'bar-track', 'aria-hidden': 'true' }, fill),
      );
      this.rows.set(name, { item, fill, value });
    }
    this.element.replaceChildren(...[...this.rows.values()].map(({ item }) => item));
  }
}
