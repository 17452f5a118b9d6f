import type { ErrorRecord, LoadProgress, Status } from '@rapport/client';
import type { Answers } from './analysis.js';
import { Cards } from './cards.js';
import { h, icon, megabytes } from './dom.js';
import { ProgressCard } from './progress-card.js';
import type { Turn } from './transcript.js';

/** The right pane: the answers, or what stands in their way. */
export class AnswersPane {
  private readonly timing = h('p', { class: 'timing' });
  private readonly notice = h('div', { class: 'notice', role: 'alert', hidden: true });
  private readonly body = h('div');
  private readonly facts = h('p', { class: 'facts' });
  private readonly cards = new Cards();
  private progress = new ProgressCard();
  private ready = false;
  private problem: ErrorRecord | undefined;

  constructor(
    root: HTMLElement,
    private readonly state: HTMLElement,
  ) {
    root.append(
      h('div', { class: 'pane-head' }, h('h2', { id: 'answers-title', text: 'What comes next' }), this.timing),
      this.notice,
      this.body,
      this.facts,
    );
  }

  /** Shows how loading proceeds. */
  loading(progress: LoadProgress): void {
    if (this.ready) return;
    if (!this.progress.element.isConnected) this.body.replaceChildren(this.progress.element);
    this.progress.show(progress);
    this.setState('loading', 'Loading');
  }

  /** Shows that nothing could be loaded. */
  failed(error: ErrorRecord, retry: () => void): void {
    this.progress = new ProgressCard();
    this.body.replaceChildren(this.progress.element);
    this.progress.fail(error.message, error.code, () => {
      this.progress = new ProgressCard();
      retry();
    });
    this.setState('failed', 'Not loaded');
  }

  /** Shows what is loaded. */
  loaded(status: Status): void {
    if (!this.ready) this.body.replaceChildren();
    this.ready = true;
    this.problem = status.offline ? undefined : status.problem;
    if (status.offline) this.setState('offline', 'Offline, on the kept models');
    else if (status.problem) this.setState('kept', 'On the last good models');
    else this.setState('ready', 'On this device');
    this.say();
    const from = status.fetchedBytes > 0 ? `${megabytes(status.fetchedBytes)} fetched` : "from this browser's cache";
    this.facts.replaceChildren(
      icon('shield', 'shield'),
      `Model ${status.engine.model_version} (${status.bundle.slice(0, 10)}), manifest ${status.manifestVersion}, signature checked. `,
      `${megabytes(status.bundleBytes)}, ${from}; ${megabytes(status.memoryBytes)} of memory. `,
      'Nothing you type leaves this page.',
    );
  }

  /** Shows the answers. */
  answered(answer: Answers, turns: readonly Turn[]): void {
    this.say();
    if (!this.cards.element.isConnected) this.body.replaceChildren(this.cards.element);
    this.body.classList.remove('stale');
    this.cards.show(answer, turns);
    const time = answer.milliseconds < 10 ? answer.milliseconds.toFixed(1) : Math.round(answer.milliseconds);
    this.timing.textContent = `${turns.length} ${turns.length === 1 ? 'turn' : 'turns'} read in ${time} ms on this device`;
  }

  /** Shows that there is nothing to read. */
  empty(): void {
    if (!this.ready) return;
    this.say();
    this.timing.textContent = '';
    this.body.replaceChildren(
      h(
        'div',
        { class: 'card empty' },
        h('h3', { text: 'Nothing to read yet' }),
        h('p', {
          class: 'detail',
          text: 'Paste or type a conversation, or take a sample. The answers follow as you type.',
        }),
      ),
    );
  }

  /** Shows why the last question has no answer; older answers fade but stay. */
  refused(error: ErrorRecord): void {
    this.body.classList.add('stale');
    this.say(error);
  }

  // One notice at a time: an error of the conversation first, then a registry that must not be trusted.
  private say(error?: ErrorRecord): void {
    const shown = error ?? this.problem;
    this.notice.hidden = !shown;
    if (!shown) return;
    const lead = error ? '' : "The registry's newest models are not in use: ";
    const message = shown.message.replace(/history\[(\d+)\]\.\w+/, (_, i) => `Turn ${Number(i) + 1}`);
    this.notice.replaceChildren(h('p', {}, lead + message, ' ', h('code', { text: shown.code })));
    if (!error) this.notice.append(h('p', { text: 'The last good models go on answering.' }));
  }

  private setState(kind: string, text: string): void {
    this.state.dataset.state = kind;
    this.state.textContent = text;
  }
}
