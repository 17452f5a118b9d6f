import { h } from './dom.js';

/** A card with a heading of its own; `answer-…` is its id. */
export function card(id: string, title: string, ...children: Node[]): HTMLElement {
  return h(
    'article',
    { class: 'card', id: `answer-${id}`, 'aria-labelledby': `title-${id}` },
    h('h3', { id: `title-${id}`, text: title }),
    ...children,
  );
}

/** The main thing that a card says, and a smaller line under it. */
export function headline(element: HTMLElement, top: string, below: string | undefined): void {
  element.replaceChildren(top);
  if (below) element.append(h('span', { class: 'from', text: below }));
}
