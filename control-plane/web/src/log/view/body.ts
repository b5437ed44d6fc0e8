// The rows of the log as they are on the screen: made from the store, the steps and what is folded, and kept in
// their place while any of these change.

import { Layout, type Metrics, type Span } from '../layout/layout';
import { filteredSpans, groupedSpans, sections, type Section } from '../layout/spans';
import type { LogMessages } from '../messages';
import type { LineRange } from '../store/feed';
import type { LogStore } from '../store/store';
import type { LineSelection, LogPreferences, LogStep } from '../types';
import { element } from './dom';
import { FoldState } from './folding';
import type { Follow } from './follow';
import { foldKey, headerButton, type Painter } from './row';
import { Rows, type RowContext } from './rows';
import { readPalette } from './theme';
import { Viewport } from './viewport';

/** Lines around what is seen that are loaded before they are seen. */
const AHEAD_LINES = 120;
const MOST_ELEMENTS = 300;
/** Of the header that sticks to the top. */
const STICKY_ELEMENTS = 3;

export interface BodyHost {
  messages: LogMessages;
  preferences(): LogPreferences;
  /** Lines to show when only matches are shown; null when all are. */
  filter(): readonly number[] | null;
  /** The line of the match one is at. */
  hitLine(): number | null;
  /** Lines that are looked at, or will be soon. */
  onShown(ranges: LineRange[]): void;
  onResized(): void;
}

export class Body implements RowContext {
  readonly sticky = element('div', 'slog-sticky');
  readonly folds: FoldState;
  readonly rows: Rows;
  readonly viewport: Viewport;
  selection: LineSelection | null = null;
  steps: readonly LogStep[] = [];
  #sections: Section[] = [];
  #shownDigits = 0;
  readonly #painter: Painter;

  constructor(
    private readonly root: HTMLElement,
    private readonly store: LogStore,
    private readonly follow: Follow,
    private readonly host: BodyHost,
  ) {
    this.folds = new FoldState(store);
    this.#painter = { palette: { text: [0, 0, 0], grounds: [], sixteen: [] }, messages: host.messages };
    this.rows = new Rows(store, this.#painter, this);
    this.viewport = new Viewport(
      new Layout([], this.#metrics),
      {
        content: (row) => this.rows.content(row),
        onShown: (first, last) => this.#onShown(first, last),
        onMeasured: (row, lines) => this.#remember(row, lines),
      },
      follow,
      (isWidthNew) => this.#onResize(isWidthNew),
    );
    this.sticky.hidden = true;
  }

  // What rows want to know.

  get layout(): Layout {
    return this.viewport.layout;
  }

  get preferences(): LogPreferences {
    return this.host.preferences();
  }

  get currentLine(): number | null {
    return this.host.hitLine();
  }

  stepOf(seq: number): LogStep | null {
    return this.sectionOf(seq)?.step ?? null;
  }

  sectionOf(seq: number): Section | null {
    return this.#sections.find(({ first, last }) => seq >= first && seq <= last) ?? null;
  }

  hrefOf(fragment: string): string {
    // Not the fragment alone: that would be relative to `<base href>`.
    return location.pathname + location.search + fragment;
  }

  // What is seen.

  get topLine(): number {
    return this.layout.rowCount > 0 ? this.layout.row(this.viewport.topRow).seq : 1;
  }

  /** The header of the step at the top. */
  get topStep(): Span | null {
    return this.layout.rowCount > 0 ? this.layout.stepAbove(this.viewport.topRow) : null;
  }

  /** The first and the last line that are seen, when they are loaded. */
  get seenLines(): number[] {
    const { layout, viewport } = this;
    if (layout.rowCount === 0) return [];
    const ends = [viewport.topRow, layout.rowAt(viewport.top + viewport.height - 1)];
    return ends.map((row) => layout.row(row)).filter(({ span, seq }) => span.kind === 'lines' && this.store.isLoaded(seq)).map(({ seq }) => seq);
  }

  /** Lines in the document, with their rows. */
  *shownLines(): Generator<[number, HTMLElement]> {
    for (const row of this.viewport.elements) {
      const seq = row.querySelector<HTMLElement>('.slog-number')?.dataset['seq'];
      if (seq !== undefined) yield [Number(seq), row];
    }
  }

  // Changes.

  /** Makes the rows anew after lines, steps, folds or the search have changed. Lines of `kept` stay unfolded. */
  relayout(kept: readonly number[] = []): void {
    if (this.#digits !== this.#shownDigits) this.#measureCharacters();
    this.#sections = sections(this.store, this.steps);
    let layout = this.#makeLayout();
    for (const seq of kept) {
      for (let fold = foldOver(layout, seq); fold; fold = foldOver(layout, seq)) {
        this.folds.say(foldKey(fold), true);
        layout = this.#makeLayout();
      }
    }
    if (this.preferences.wrap) {
      const columns = this.viewport.wrapColumns;
      layout.wrap((seq) => this.#screenLines(seq, columns), this.layout);
    }
    this.viewport.replace(layout, (before) => this.#anchor(before, layout));
    this.viewport.layer.role = layout.rowCount > 0 ? 'list' : null;
  }

  #makeLayout(): Layout {
    const filter = this.host.filter();
    return new Layout(
      filter ? filteredSpans(filter, this.preferences.filterContext, this.store.last) : groupedSpans(this.store, this.steps, this.folds),
      this.#metrics,
    );
  }

  /** Where the row that is at the top now will be. */
  #anchor(before: Layout, after: Layout): { row: number; offset: number } {
    if (before.rowCount === 0 || after.rowCount === 0) return { row: 0, offset: 0 };
    const top = before.rowAt(this.viewport.top);
    const { span, seq } = before.row(top);
    const offset = this.viewport.top - before.y(top);
    if (span.kind === 'step') {
      const same = after.spans.find((one) => one.kind === 'step' && one.step!.name === span.step!.name);
      if (same) return { row: same.row, offset };
    }
    const row = after.rowOf(seq);
    return { row, offset: after.shows(seq) ? offset : 0 };
  }

  toggleFold(key: string): void {
    const find = () => this.layout.spans.find((one) => (one.kind === 'step' || one.kind === 'group') && foldKey(one) === key);
    const span = find();
    if (!span) return;
    // What one folds from its sticky header comes to the top.
    const isAbove = this.layout.y(span.row) < this.viewport.top;
    this.follow.turn(false);
    this.folds.say(key, !span.isOpen);
    this.relayout();
    const after = find();
    if (after && isAbove && span.isOpen) this.viewport.scrollTo(this.layout.y(after.row));
  }

  /** Opens what hides a line, and puts it into the middle; `isLazy` only when it is not seen well. */
  reveal(seq: number, isLazy = false): void {
    this.follow.turn(false);
    this.relayout([seq]);
    this.viewport.scrollToRow(this.layout.rowOf(seq), isLazy);
  }

  /** Opens a step and puts its header to the top. Says whether it is there. */
  showStep(name: string): boolean {
    this.folds.say(`step:${name}`, true);
    this.relayout();
    const span = this.layout.spans.find((one) => one.kind === 'step' && one.step!.name === name);
    if (!span) return false;
    this.follow.turn(false);
    this.relayout();
    this.viewport.scrollTo(this.layout.y(span.row));
    return true;
  }

  scrollBy(pixels: number): void {
    if (pixels < 0) this.follow.userGoesUp();
    this.viewport.scrollBy(pixels);
    if (pixels > 0) this.follow.userWentDown(this.viewport.distanceToEnd);
  }

  expand(seq: number): void {
    this.rows.expand(seq);
    this.relayout();
  }

  applyPreferences(): void {
    const { preferences, root } = this;
    const metrics = this.#metrics;
    root.classList.toggle('is-wrapped', preferences.wrap);
    root.dataset['timestamps'] = preferences.timestamps;
    root.style.setProperty('--slog-font', `${preferences.fontSize}px`);
    root.style.setProperty('--log-line', `${metrics.line}px`);
    root.style.setProperty('--slog-step', `${metrics.step}px`);
    root.style.setProperty('--slog-group', `${metrics.group}px`);
    this.viewport.isWrapped = preferences.wrap;
    this.#measureCharacters();
    this.viewport.resetWidth();
    this.rows.renew();
    this.#forgetHeights();
    if (this.layout.rowCount > 0) this.relayout();
  }

  /** Other colours. */
  repaint(): void {
    this.#painter.palette = readPalette(this.root);
    this.rows.renew();
    this.viewport.render();
  }

  /** The pane has at most 300 elements; what its tools do not take is for rows. */
  shareElements(): void {
    const all = this.root.querySelectorAll('*').length + 1;
    const rows = this.viewport.layer.querySelectorAll('*').length;
    this.viewport.mostElements = MOST_ELEMENTS - (all - rows) - (this.sticky.hidden ? STICKY_ELEMENTS : 0);
  }

  // Sizes.

  get #metrics(): Metrics {
    const line = Math.round((this.preferences.fontSize * 5) / 3);
    return { line, step: Math.max(32, line + 12), group: Math.max(24, line + 4) };
  }

  /** That the number of a line may have. */
  get #digits(): number {
    return Math.max(4, String(this.store.last).length);
  }

  #measureCharacters(): void {
    this.#shownDigits = this.#digits;
    this.root.style.setProperty('--slog-digits', String(this.#digits));
    const row = element('div', 'slog-row');
    const text = element('span', '', '0'.repeat(100));
    const link = element('a', 'slog-number');
    link.dataset['n'] = '0';
    if (this.preferences.timestamps !== 'off') link.dataset['time'] = '0';
    row.append(link, text);
    this.viewport.layer.append(row);
    const width = text.getBoundingClientRect().width / 100 || 7;
    const gutter = text.getBoundingClientRect().left - row.getBoundingClientRect().left;
    row.remove();
    this.viewport.setCharacters(width, Math.max(0, gutter));
  }

  /** Measured, or guessed from the number of characters. */
  #screenLines(seq: number, columns: number): number {
    const chunk = this.store.chunkOf(seq);
    if (!chunk) return 1;
    const slot = seq - chunk.first;
    const measured = chunk.heights?.[slot] ?? 0;
    return measured > 0 ? measured : Math.max(1, Math.ceil(Math.min(chunk.lengthOf(slot), this.rows.limitOf(seq)) / columns));
  }

  #remember(row: number, screenLines: number): void {
    const { seq } = this.layout.row(row);
    const chunk = this.store.chunkOf(seq);
    if (!chunk) return;
    chunk.heights ??= new Uint16Array(chunk.flags.length);
    chunk.heights[seq - chunk.first] = Math.min(screenLines, 0xffff);
  }

  #forgetHeights(): void {
    for (const chunk of this.store.chunks) chunk.heights = null;
    this.viewport.forgetMeasures();
  }

  #onResize(isWidthNew: boolean): void {
    if (isWidthNew && this.preferences.wrap) this.#forgetHeights();
    this.viewport.resized();
    if (isWidthNew && this.preferences.wrap) this.relayout();
    this.root.style.setProperty('--slog-width', `${this.viewport.scroller.clientWidth}px`);
    this.host.onResized();
  }

  #onShown(first: number, last: number): void {
    const ranges: LineRange[] = [];
    for (let row = first; row <= last; ) {
      const { span } = this.layout.row(row);
      const end = Math.min(last, span.row + span.count - 1);
      if (span.kind === 'lines') {
        ranges.push([
          Math.max(span.seq, span.seq + row - span.row - AHEAD_LINES),
          Math.min(span.seq + span.count - 1, span.seq + end - span.row + AHEAD_LINES),
        ]);
      }
      row = end + 1;
    }
    this.#showSticky(first);
    this.host.onShown(ranges);
  }

  /** The header of the step one is in, when its own row is further up. */
  #showSticky(first: number): void {
    const span = this.host.filter() ? null : this.layout.stepAbove(first);
    const isNeeded = span !== null && span.isOpen === true && this.layout.y(span.row) < this.viewport.top;
    this.sticky.hidden = !isNeeded;
    if (!isNeeded) return;
    const next = this.layout.spans.find((one) => one.kind === 'step' && one.row > span.row);
    const room = next ? this.layout.y(next.row) - this.viewport.top : Infinity;
    this.sticky.style.transform = `translateY(${Math.min(0, room - this.layout.metrics.step)}px)`;
    const texts = this.rows.headerTexts(span);
    const signature = JSON.stringify(texts) + foldKey(span);
    if (this.sticky.dataset['signature'] === signature) return;
    this.sticky.dataset['signature'] = signature;
    this.sticky.replaceChildren(headerButton(span, texts));
  }
}

/** What hides a line; null when it is shown, or is in no step or group. */
function foldOver(layout: Layout, seq: number): Span | null {
  if (layout.rowCount === 0 || layout.shows(seq)) return null;
  const { span } = layout.row(layout.rowOf(seq));
  return (span.kind === 'step' || span.kind === 'group') && span.isOpen === false ? span : null;
}
