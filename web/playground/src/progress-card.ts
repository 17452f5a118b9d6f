import type { LoadProgress } from '@rapport/client';
import { h, megabytes } from './dom.js';

const TITLES: Record<LoadProgress['phase'], string> = {
  module: 'Starting the engine',
  manifest: 'Asking for the models',
  artifacts: 'Fetching the models',
  engine: 'Reading the models',
  ready: 'Ready',
};

/** How far loading has come, or why it failed. */
export class ProgressCard {
  private readonly title = h('h3', { text: TITLES.module });
  private readonly detail = h('p', { class: 'detail' });
  private readonly bar = h('div', {
    class: 'progress',
    role: 'progressbar',
    'aria-label': 'Loading',
    'aria-valuemin': 0,
    'aria-valuemax': 100,
  });
  private readonly fill = h('div', { class: 'progress-fill' });
  readonly element = h('article', { class: 'card loading', id: 'loading' }, this.title, this.bar, this.detail);

  constructor() {
    this.bar.append(this.fill);
    this.show({ phase: 'module', loadedBytes: 0, totalBytes: 0, fetchedBytes: 0 });
  }

  /** Shows one step. */
  show({ phase, loadedBytes, totalBytes, fetchedBytes }: LoadProgress): void {
    const share = totalBytes > 0 ? loadedBytes / totalBytes : 0;
    this.title.textContent = TITLES[phase];
    this.bar.setAttribute('aria-valuenow', String(Math.round(share * 100)));
    const waiting = totalBytes === 0 || phase === 'engine';
    this.fill.style.inlineSize = waiting ? '100%' : `${share * 100}%`;
    this.element.classList.toggle('waiting', waiting);
    const amount = totalBytes > 0 ? `${megabytes(loadedBytes)} of ${megabytes(totalBytes)}. ` : '';
    this.detail.textContent =
      phase === 'artifacts' && fetchedBytes > 0
        ? `${amount}They are checked and kept in this browser: the next visit fetches nothing.`
        : `${amount}Nothing you type leaves this page.`;
  }

  /** Shows why there is nothing to answer with. */
  fail(message: string, code: string, retry: () => void): void {
    this.element.classList.add('failed');
    this.title.textContent = 'The models could not be loaded';
    this.detail.replaceChildren(message, ' ', h('code', { text: code }));
    this.bar.remove();
    this.element.append(h('button', { type: 'button', class: 'primary', onclick: retry }, 'Try again'));
  }
}
