import { h, icon } from './dom.js';
import { samples } from './samples.js';
import { formatTranscript, parseTranscript, type Turn } from './transcript.js';
import { TurnList } from './turn-list.js';

const PLACEHOLDER = `Salesman: Thanks for taking my call. How do you plan your routes today?
Customer: On a whiteboard. It takes Tom half of every Friday.`;

/** The left pane: a conversation as turns or as plain text, samples, and the tools to edit it. */
export class ConversationPane {
  private readonly list = new TurnList(() => this.changed());
  private readonly text = h('textarea', {
    class: 'plain',
    spellcheck: 'true',
    placeholder: PLACEHOLDER,
    'aria-label': 'The conversation as text, one turn a line',
    oninput: () => this.changed(),
  });
  private readonly picker = h('select', { id: 'sample', onchange: () => this.pick() });
  private readonly tabs = { turns: this.tab('turns', 'Turns'), text: this.tab('text', 'Text') };
  private readonly body = h('div', { class: 'conversation-body' });
  private readonly adders = h(
    'div',
    { class: 'adders' },
    h('button', { type: 'button', class: 'soft', onclick: () => this.list.add('Customer') }, icon('add'), 'Customer'),
    h('button', { type: 'button', class: 'soft', onclick: () => this.list.add('Salesman') }, icon('add'), 'Salesman'),
    h('span', { class: 'hint', text: 'Enter adds a turn. Press a name to change sides.' }),
  );
  private mode: 'turns' | 'text' = 'turns';

  constructor(
    root: HTMLElement,
    /** Told the turns that have text, after every change. */
    private readonly onChange: (turns: Turn[]) => void,
  ) {
    this.picker.append(
      h('option', { value: '', text: 'Your own', disabled: true, hidden: true }),
      ...samples.map(({ title, description }, i) => h('option', { value: i, text: title, title: description })),
    );
    root.append(
      h(
        'div',
        { class: 'pane-head' },
        h('h2', { id: 'conversation-title', text: 'Conversation' }),
        h('div', { class: 'segmented', role: 'group', 'aria-label': 'Show as' }, this.tabs.turns, this.tabs.text),
      ),
      h(
        'div',
        { class: 'tools' },
        h(
          'label',
          { class: 'select' },
          h('span', { class: 'visually-hidden', text: 'Sample conversation' }),
          this.picker,
          icon('chevron'),
        ),
        h(
          'button',
          { type: 'button', class: 'soft', 'aria-label': 'Swap sides', onclick: () => this.swap() },
          icon('swap'),
          label('Swap sides'),
        ),
        h(
          'button',
          { type: 'button', class: 'soft', 'aria-label': 'Clear', onclick: () => this.clear() },
          icon('clear'),
          label('Clear'),
        ),
      ),
      this.body,
    );
    this.show('turns');
    this.picker.value = '0';
    this.pick();
  }

  /** Marks the turn that an error's field (`history[2].response`) names; without one, unmarks all. */
  mark(field?: string): void {
    const position = /^history\[(\d+)\]/.exec(field ?? '')?.[1];
    const turn = position === undefined ? undefined : this.filled()[Number(position)];
    this.list.mark(turn === undefined ? undefined : this.list.turns.indexOf(turn));
  }

  private filled(): Turn[] {
    const turns = this.mode === 'turns' ? this.list.turns : parseTranscript(this.text.value);
    return turns.filter(({ response }) => response.trim() !== '');
  }

  private tab(mode: 'turns' | 'text', title: string): HTMLButtonElement {
    return h('button', { type: 'button', onclick: () => this.show(mode) }, title);
  }

  private show(mode: 'turns' | 'text'): void {
    if (mode !== this.mode) {
      if (mode === 'text') this.text.value = formatTranscript(this.list.turns);
      else this.list.show(orEmpty(parseTranscript(this.text.value)));
    }
    this.mode = mode;
    for (const [name, tab] of Object.entries(this.tabs)) tab.setAttribute('aria-pressed', String(name === mode));
    this.body.replaceChildren(...(mode === 'turns' ? [this.list.element, this.adders] : [this.text]));
  }

  private pick(): void {
    const sample = samples[Number(this.picker.value)];
    if (sample) this.replace(sample.turns);
  }

  private clear(): void {
    this.replace([{ speaker: 'Customer', response: '' }]);
    (this.mode === 'turns' ? this.body.querySelector('textarea') : this.text)?.focus();
    this.picker.value = '';
  }

  private swap(): void {
    if (this.mode === 'text') this.list.show(parseTranscript(this.text.value));
    this.list.swap();
    if (this.mode === 'turns') return;
    this.text.value = formatTranscript(this.list.turns);
    this.changed();
  }

  private replace(turns: Turn[]): void {
    this.list.show(turns);
    this.text.value = formatTranscript(turns);
    this.body.scrollTop = 0;
    this.onChange(this.filled());
  }

  private changed(): void {
    this.picker.value = '';
    this.onChange(this.filled());
  }
}

const orEmpty = (turns: Turn[]): Turn[] => (turns.length > 0 ? turns : [{ speaker: 'Customer', response: '' }]);

/** Words that narrow windows leave out beside an icon. */
const label = (text: string): HTMLElement => h('span', { class: 'label', text });
