// Searching, as the user sees it: the bar, the painted matches, the marks beside the scroll bar, and the
// match one is at.

import type { Layout } from '../layout/layout';
import type { LogMessages } from '../messages';
import { SearchClient, type SearchState } from '../search/client';
import type { Hit } from '../search/hits';
import type { LogStore } from '../store/store';
import type { LogPreferences, LogSource } from '../types';
import { HitPainter } from './highlight';
import { ScrollMarks } from './marks';
import { SearchBar } from './search-bar';

export interface FinderHost {
  store: LogStore;
  source: LogSource;
  messages: LogMessages;
  preferences(): LogPreferences;
  /** The line at the top of what is seen. */
  topLine(): number;
  /** Brings a match into view, whatever is folded. */
  reveal(hit: Hit): void;
  /** Other lines may have to be shown, or the same ones with other matches. */
  onChange(isFilterTouched: boolean): void;
  onFilterContext(lines: number): void;
  /** The bar is gone; the focus goes back. */
  onClosed(): void;
  /** Where the bar belongs. */
  attach(bar: HTMLElement): void;
}

export class Finder {
  readonly painter = new HitPainter();
  readonly marks = new ScrollMarks();
  readonly #client: SearchClient;
  #bar: SearchBar | null = null;
  #current: Hit | null = null;
  /** Where one was when the search began. */
  #origin = 1;
  #isFiltering = false;
  #lines: number[] | null = null;

  constructor(private readonly host: FinderHost) {
    this.#client = new SearchClient(host.store, host.source, (state) => this.#onResults(state));
  }

  destroy(): void {
    this.#client.destroy();
    this.painter.clear();
  }

  get isOpen(): boolean {
    return this.#bar !== null;
  }

  get current(): Hit | null {
    return this.#current;
  }

  /** Lines to show when only matches are shown; null when all are. */
  get filter(): readonly number[] | null {
    return this.#isFiltering && this.#client.query && this.#client.query.text !== '' ? this.lines : null;
  }

  get lines(): readonly number[] {
    return (this.#lines ??= this.#client.state.hits.lines());
  }

  open(text?: string): void {
    if (!this.#bar) {
      this.#origin = this.host.topLine();
      this.#bar = new SearchBar(
        this.host.messages,
        {
          onQuery: (query) => this.#search(query),
          onMove: (direction) => this.move(direction),
          onFilter: (isOn, context) => {
            this.#isFiltering = isOn;
            this.host.onFilterContext(context);
            this.host.onChange(true);
          },
          onClose: () => this.close(),
        },
        this.host.preferences().filterContext,
      );
      this.host.attach(this.#bar.root);
      this.#client.open();
    }
    if (text !== undefined) {
      this.#bar.text = text;
      this.#search(this.#bar.query);
    }
    this.#bar.focus();
  }

  close(): void {
    if (!this.#bar) return;
    this.#bar.root.remove();
    this.#bar = null;
    this.#isFiltering = false;
    this.#current = null;
    this.#client.close();
    this.host.onChange(true);
    this.host.onClosed();
  }

  #search(query: NonNullable<SearchClient['query']>): void {
    this.#current = null;
    this.#client.search(query, this.#origin);
    this.host.onChange(this.#isFiltering);
  }

  #onResults(state: SearchState): void {
    this.#lines = null;
    if (!this.#current && state.hits.total > 0 && this.#bar) {
      this.#current = state.hits.atOrBehind(this.#origin, 0);
      if (this.#current && !this.#isFiltering) this.host.reveal(this.#current);
    }
    this.#showCount();
    this.host.onChange(this.#isFiltering);
  }

  #showCount(): void {
    const { state } = this.#client;
    this.#bar?.show(state, this.#current ? state.hits.position(this.#current) : 0);
  }

  move(direction: 1 | -1): void {
    const { hits } = this.#client.state;
    if (hits.total === 0) return;
    const from = this.#current ?? { seq: this.host.topLine(), start: 0 };
    this.#current = direction > 0 ? hits.atOrBehind(from.seq, from.start + (this.#current ? 1 : 0)) : hits.before(from.seq, from.start);
    if (!this.#current) return;
    this.#showCount();
    this.host.reveal(this.#current);
  }

  linesCame(): void {
    if (this.isOpen) this.#client.linesCame();
  }

  /** The rows of the document have changed. */
  paint(rows: () => Iterable<[number, HTMLElement]>): void {
    if (!this.isOpen || this.#client.state.hits.total === 0) return this.painter.clear();
    this.painter.paint(rows(), this.#client.state.hits, this.#current);
  }

  drawMarks(layout: Layout, height: number, colours: { hit: string; current: string }): void {
    this.marks.draw(this.isOpen ? this.lines : [], this.#current?.seq ?? null, layout, height, colours);
  }
}
