// The bar above the log with which one searches.

import type { LogMessages } from '../messages';
import type { SearchState } from '../search/client';
import type { Query } from '../search/query';
import { button, element, setText } from './dom';

/** From here on the number of matches is not told exactly. */
const MOST_TOLD = 9999;
const CONTEXTS = [0, 2, 5];

export interface SearchBarEvents {
  onQuery(query: Query): void;
  onMove(direction: 1 | -1): void;
  onFilter(isOn: boolean, context: number): void;
  onClose(): void;
}

export class SearchBar {
  readonly root = document.createElement('search');
  readonly #input = element('input', 'slog-search-input');
  readonly #count = element('output', 'slog-search-count');
  readonly #case: HTMLButtonElement;
  readonly #regex: HTMLButtonElement;
  readonly #filter: HTMLButtonElement;
  readonly #context = element('select', 'slog-search-context');

  constructor(
    private readonly messages: LogMessages,
    private readonly events: SearchBarEvents,
    context: number,
  ) {
    this.root.className = 'slog-search';
    this.#input.type = 'search';
    this.#input.placeholder = messages.searchPlaceholder;
    this.#input.setAttribute('aria-label', messages.search);
    this.#input.autocomplete = 'off';
    this.#input.spellcheck = false;
    this.#input.addEventListener('input', () => this.#tell());
    this.root.addEventListener('keydown', (event) => this.#onKey(event));
    this.#case = this.#toggle('Aa', messages.matchCase, () => this.#tell());
    this.#regex = this.#toggle('.*', messages.regularExpression, () => this.#tell());
    this.#filter = this.#toggle(messages.filter, '', () => this.#tellFilter());
    this.#context.setAttribute('aria-label', messages.context);
    for (const lines of CONTEXTS) this.#context.append(new Option(`±${lines}`, String(lines), lines === context, lines === context));
    this.#context.addEventListener('change', () => this.#tellFilter());
    this.#context.hidden = true;
    this.root.append(
      this.#input,
      this.#case,
      this.#regex,
      this.#count,
      button({ label: messages.previousHit, icon: 'up', shortcut: 'Shift+Enter', onPress: () => this.events.onMove(-1) }),
      button({ label: messages.nextHit, icon: 'down', shortcut: 'Enter', onPress: () => this.events.onMove(1) }),
      this.#filter,
      this.#context,
      button({ label: messages.closeSearch, icon: 'close', shortcut: 'Escape', onPress: () => this.events.onClose() }),
    );
  }

  focus(): void {
    this.#input.focus({ preventScroll: true });
    this.#input.select();
  }

  get query(): Query {
    return { text: this.#input.value, isCaseSensitive: isPressed(this.#case), isRegex: isPressed(this.#regex) };
  }

  set text(text: string) {
    this.#input.value = text;
  }

  show(state: SearchState, current: number): void {
    const { messages } = this;
    const isEmpty = this.#input.value === '';
    const total = Math.min(state.hits.total, MOST_TOLD);
    const parts: string[] = [];
    if (state.problem !== null) parts.push(state.problem === 'bad' ? messages.badExpression : messages.slowExpression);
    else if (!isEmpty && (!state.isSearching || total > 0)) parts.push(messages.hits(current, total, state.hits.total > MOST_TOLD));
    if (!isEmpty && state.isReading) parts.push(messages.searchingOlder);
    if (!isEmpty && state.isIncomplete) parts.push(messages.searchIncomplete);
    setText(this.#count, parts.join(' · '));
    this.#input.setAttribute('aria-invalid', String(state.problem !== null));
  }

  #toggle(text: string, label: string, onPress: () => void): HTMLButtonElement {
    const made = button({
      className: 'slog-toggle',
      label: text,
      onPress: () => {
        made.setAttribute('aria-pressed', String(!isPressed(made)));
        onPress();
      },
    });
    made.setAttribute('aria-pressed', 'false');
    if (label !== '') {
      made.setAttribute('aria-label', label);
      made.title = label;
    }
    return made;
  }

  #tell(): void {
    this.events.onQuery(this.query);
  }

  #tellFilter(): void {
    this.#context.hidden = !isPressed(this.#filter);
    this.events.onFilter(isPressed(this.#filter), Number(this.#context.value));
  }

  #onKey(event: KeyboardEvent): void {
    if (event.key === 'Escape') {
      // First what was typed goes, then the bar.
      if (this.#input.value === '') this.events.onClose();
      else {
        this.#input.value = '';
        this.#tell();
        this.#input.focus({ preventScroll: true });
      }
    } else if (event.key === 'Enter' && event.target === this.#input) this.events.onMove(event.shiftKey ? -1 : 1);
    else {
      // Letters are for the field and not for the page.
      if (event.key.length === 1 && !event.ctrlKey && !event.metaKey) event.stopPropagation();
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }
}

function isPressed(toggle: HTMLButtonElement): boolean {
  return toggle.getAttribute('aria-pressed') === 'true';
}
