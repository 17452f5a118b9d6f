type Child = Node | string | null | undefined | false;

/** Makes an element: attributes by name, `on…` as listeners, `class` and `text` as they are called in HTML. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, unknown> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  apply(element, attributes);
  element.append(...children.filter((child): child is Node | string => Boolean(child)));
  return element;
}

/** Makes an SVG element. */
export function s<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Record<string, unknown> = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  apply(element, attributes);
  element.append(...children.filter((child): child is Node | string => Boolean(child)));
  return element;
}

function apply(element: Element, attributes: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name.slice(2), value as EventListener);
    else if (name === 'text') element.textContent = String(value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
}

/** The element with this id, which index.html holds. */
export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no element "${id}"`);
  return element;
}

const ICONS = {
  add: 'M12 5v14M5 12h14',
  remove: 'M6 6l12 12M18 6L6 18',
  swap: 'M7 4 3 8l4 4M3 8h14M17 12l4 4-4 4M21 16H7',
  clear: 'M5 7h14M10 11v6M14 11v6M6 7l1 12a1.5 1.5 0 0 0 1.5 1.5h7A1.5 1.5 0 0 0 17 19l1-12M9 7V4.5h6V7',
  copy: 'M9 9h10v11H9zM5 15V4h10',
  chevron: 'M7 10l5 5 5-5',
  shield: 'M12 3l7 3v5c0 4.5-3 8-7 10-4-2-7-5.5-7-10V6zM9 12l2 2 4-4',
} as const;

/** A 24-pixel line drawing in the text's colour, hidden from screen readers. */
export function icon(name: keyof typeof ICONS, kind = ''): SVGElement {
  return s(
    'svg',
    { class: `icon ${kind}`.trim(), viewBox: '0 0 24 24', 'aria-hidden': 'true' },
    s('path', { d: ICONS[name] }),
  );
}

/** Bytes for people: `24.1 MB`. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}

/** A probability for people: `42 %`, and `< 1 %` for what is small but possible. */
export function percent(probability: number): string {
  if (probability > 0 && probability < 0.01) return '< 1 %';
  return `${Math.round(probability * 100)} %`;
}
