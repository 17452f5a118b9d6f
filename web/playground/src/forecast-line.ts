import type { TurnForecast } from '@rapport/client';
import { h, percent, s } from './dom.js';
import type { Turn } from './transcript.js';

const HEIGHT = 168;
const TOP = 10;
const BOTTOM = 24;
const LEFT = 44;
const RIGHT = 10;
/** Width until the element is on the page and has one of its own. */
const WIDTH = 480;
/** Pixels that a turn's number on the axis needs. */
const TICK = 34;

/**
 * The probability after each turn as a line, its interval as a band. The turn under the pointer, or the one chosen with
 * the arrow keys, is named below; without either, the last.
 */
export class ForecastLine {
  readonly element: HTMLElement;
  private readonly svg = s('svg', {
    class: 'forecast',
    role: 'slider',
    tabindex: 0,
    'aria-label': 'Turn whose forecast is read',
    'aria-describedby': 'forecast-summary',
    'aria-valuemin': 1,
  });
  private readonly readout = h('p', { class: 'readout' });
  private readonly summary = h('p', { class: 'visually-hidden', id: 'forecast-summary' });
  private forecasts: TurnForecast[] = [];
  private turns: readonly Turn[] = [];
  private width = WIDTH;
  private chosen = 0;

  constructor() {
    this.element = h('div', { class: 'forecast-frame' }, this.svg, this.readout, this.summary);
    this.svg.addEventListener('pointermove', (event) => this.choose(this.nearest(event)));
    this.svg.addEventListener('pointerdown', (event) => this.choose(this.nearest(event)));
    this.svg.addEventListener('pointerleave', () => {
      if (document.activeElement !== this.svg) this.choose(this.last);
    });
    this.svg.addEventListener('blur', () => this.choose(this.last));
    this.svg.addEventListener('keydown', (event) => this.key(event));
    new ResizeObserver(() => {
      const width = Math.round(this.svg.clientWidth);
      if (width === 0 || width === this.width) return;
      this.width = width;
      this.draw();
    }).observe(this.svg);
  }

  /** Shows the forecasts of these turns. */
  show(forecasts: TurnForecast[], turns: readonly Turn[]): void {
    this.forecasts = forecasts;
    this.turns = turns;
    this.summary.textContent = this.inWords();
    this.svg.setAttribute('aria-valuemax', String(forecasts.length));
    this.chosen = this.last;
    this.draw();
  }

  private get last(): number {
    return this.forecasts.length - 1;
  }

  private x(index: number): number {
    return LEFT + ((this.width - LEFT - RIGHT) * index) / Math.max(1, this.last);
  }

  private draw(): void {
    const points = this.forecasts.map(({ probability }, i) => [this.x(i), y(probability)] as const);
    const upper = this.forecasts.map(({ interval }, i) => [this.x(i), y(interval[1])] as const);
    const lower = this.forecasts.map(({ interval }, i) => [this.x(i), y(interval[0])] as const);
    const radius = points.length > 60 ? 1.5 : 3;
    this.svg.setAttribute('viewBox', `0 0 ${this.width} ${HEIGHT}`);
    this.svg.replaceChildren(
      ...[0, 0.5, 1].flatMap((share) => this.level(share)),
      ...this.ticks(),
      s('path', { class: 'band', d: `${path([...upper, ...lower.reverse()])}Z` }),
      s('line', { class: 'guide', y1: TOP, y2: HEIGHT - BOTTOM }),
      s('path', { class: 'course', d: path(points) }),
      ...points.map(([cx, cy]) => s('circle', { class: 'point', cx: cx.toFixed(1), cy: cy.toFixed(1), r: radius })),
    );
    this.mark();
  }

  private level(share: number): SVGElement[] {
    const at = y(share);
    return [
      s('line', { class: 'level', x1: LEFT, x2: this.width - RIGHT, y1: at, y2: at }),
      s('text', { x: LEFT - 8, y: at, dy: '0.35em', 'text-anchor': 'end', text: `${share * 100} %` }),
    ];
  }

  /** Numbers of turns below the axis: the first, the last, and as many between as fit. */
  private ticks(): SVGElement[] {
    const fitting = Math.max(1, Math.floor((this.width - LEFT - RIGHT) / TICK));
    const step = Math.max(1, Math.ceil(this.last / fitting));
    const shown = this.forecasts.flatMap((forecast, i) =>
      i === this.last || (i % step === 0 && this.last - i >= step) ? [[forecast, i] as const] : [],
    );
    return shown.map(([{ line }, i]) =>
      s('text', { x: this.x(i).toFixed(1), y: HEIGHT - 6, 'text-anchor': 'middle', text: line + 1 }),
    );
  }

  private nearest({ clientX }: PointerEvent): number {
    const { left, width } = this.svg.getBoundingClientRect();
    const across = ((clientX - left) * this.width) / width;
    const index = Math.round(((across - LEFT) / (this.width - LEFT - RIGHT)) * this.last);
    return Math.min(this.last, Math.max(0, index));
  }

  private key(event: KeyboardEvent): void {
    const to = {
      ArrowLeft: this.chosen - 1,
      ArrowDown: this.chosen - 1,
      ArrowRight: this.chosen + 1,
      ArrowUp: this.chosen + 1,
      Home: 0,
      End: this.last,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.choose(Math.min(this.last, Math.max(0, to)));
  }

  private choose(index: number): void {
    if (index === this.chosen) return;
    this.chosen = index;
    this.mark();
  }

  /** Sets the chosen turn off and names it. */
  private mark(): void {
    const forecast = this.forecasts[this.chosen];
    if (!forecast) return;
    this.svg.querySelectorAll('.point').forEach((point, i) => {
      point.classList.toggle('chosen', i === this.chosen);
    });
    const guide = this.svg.querySelector('.guide');
    for (const end of ['x1', 'x2']) guide?.setAttribute(end, this.x(this.chosen).toFixed(1));
    const said = `${turnName(forecast.line, this.turns)}: ${percent(forecast.probability)}, interval ${range(forecast.interval)}`;
    this.readout.textContent = `After ${said}`;
    this.svg.setAttribute('aria-valuenow', String(this.chosen + 1));
    this.svg.setAttribute('aria-valuetext', said);
  }

  private inWords(): string {
    const by = (better: (a: number, b: number) => boolean): TurnForecast | undefined =>
      this.forecasts.reduce((a, b) => (better(b.probability, a.probability) ? b : a));
    const at = (forecast: TurnForecast | undefined): string =>
      forecast ? `${percent(forecast.probability)} after turn ${forecast.line + 1}` : '';
    return (
      `A line of the probability after each turn, from ${at(this.forecasts[0])} to ${at(this.forecasts[this.last])}; ` +
      `lowest ${at(by((a, b) => a < b))}, highest ${at(by((a, b) => a > b))}. The arrow keys read it turn by turn.`
    );
  }
}

/** `turn 5, Customer`: the number is that of the turn's last line. */
export function turnName(line: number, turns: readonly Turn[]): string {
  const side = turns[line]?.speaker;
  return side ? `turn ${line + 1}, ${side}` : `turn ${line + 1}`;
}

/** `33 to 50 %`. */
export function range([lower, upper]: [number, number]): string {
  return `${Math.round(lower * 100)} to ${Math.round(upper * 100)} %`;
}

const y = (share: number): number => TOP + (1 - share) * (HEIGHT - TOP - BOTTOM);

function path(points: (readonly [number, number])[]): string {
  return points.map(([px, py], i) => `${i === 0 ? 'M' : 'L'}${px.toFixed(1)} ${py.toFixed(1)}`).join('');
}
