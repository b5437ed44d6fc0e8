// The log viewer: puts store, rows, search and tools together.

import './log.css';
import { Layout, type Metrics, type Span } from './layout/layout';
import { filteredSpans, groupedSpans, sections, type Section } from './layout/spans';
import { ENGLISH, type LogMessages } from './messages';
import type { LogViewerHandle, LogViewerOptions } from './options';
import { parsePermalink, permalink } from './permalink';
import type { Hit } from './search/hits';
import { Feed, type LineRange } from './store/feed';
import { locateSteps } from './store/locate';
import { LogStore, type StoreChange } from './store/store';
import { plainText } from './text/ansi';
import { css } from './text/colour';
import { DEFAULT_PREFERENCES, type EmptyReason, type LineSelection, type LogPreferences, type LogState, type LogStep } from './types';
import { Actions } from './view/actions';
import { button, element, setText } from './view/dom';
import { Finder } from './view/finder';
import { FoldState } from './view/folding';
import { Follow } from './view/follow';
import { rangeIn } from './view/highlight';
import { copySelection } from './view/copy';
import { commandOf, type Command } from './view/keys';
import { printable } from './view/print';
import { foldKey, headerButton, type Painter } from './view/row';
import { lineKey, Rows, type RowContext } from './view/rows';
import { readColours, readPalette, watchTheme } from './view/theme';
import { Toolbar } from './view/toolbar';
import { Viewport } from './view/viewport';

/** Lines around what is seen that are loaded before they are seen. */
const AHEAD_LINES = 120;
/** Nothing is shown for so long when loading is quick. */
const LOADING_MS = 150;
const ANNOUNCE_MS = 3000;
const FONT_SIZES = { smallest: 11, largest: 18 };
const SIDE_PX = 80;
const MOST_ELEMENTS = 300;
/** Of the header that sticks to the top. */
const STICKY_ELEMENTS = 3;

export class LogViewer implements LogViewerHandle, RowContext {
  readonly #root = element('div', 'slog');
  readonly #pane = element('div', 'slog-pane');
  readonly #sticky = element('div', 'slog-sticky');
  readonly #pill: HTMLButtonElement;
  readonly #empty = element('div', 'slog-empty');
  readonly #messages: LogMessages;
  readonly #painter: Painter;
  readonly #store = new LogStore();
  readonly #feed: Feed;
  readonly #follow: Follow;
  readonly #folds: FoldState;
  readonly #rows: Rows;
  readonly #viewport: Viewport;
  readonly #finder: Finder;
  readonly #toolbar: Toolbar;
  readonly #actions: Actions;
  readonly #abort = new AbortController();
  readonly #endings: (() => void)[] = [];
  #steps: readonly LogStep[] = [];
  #sections: Section[] = [];
  #emptyReason: EmptyReason;
  #selectionStart = 0;
  #failure: string | null = null;
  #phase: LogState['phase'] = 'loading';
  #connection: LogState['connection'] = 'idle';
  #isFullscreen = false;
  #told = '';
  #isLocating = false;
  #shownDigits = 0;
  #frame: number | null = null;
  #lastAnnounced = -Infinity;
  #announceTimer: ReturnType<typeof setTimeout> | null = null;
  preferences: LogPreferences;
  selection: LineSelection | null = null;

  constructor(
    host: HTMLElement,
    private readonly options: LogViewerOptions,
  ) {
    this.#messages = { ...ENGLISH, ...options.messages };
    this.preferences = { ...DEFAULT_PREFERENCES, ...options.preferences };
    this.#emptyReason = options.empty ?? { kind: 'none' };
    this.#follow = new Follow(true, () => this.#onFollow());
    this.#folds = new FoldState(this.#store);
    this.#pill = button({ className: 'slog-pill', label: '', onPress: () => this.follow() });
    this.#pill.hidden = true;
    this.#painter = { palette: { text: [0, 0, 0], grounds: [], sixteen: [] }, messages: this.#messages };
    this.#rows = new Rows(this.#store, this.#painter, this);
    this.#viewport = new Viewport(
      new Layout([], this.#metrics),
      {
        content: (row) => this.#rows.content(row),
        onShown: (first, last) => this.#onShown(first, last),
        onMeasured: (row, lines) => this.#remember(row, lines),
      },
      this.#follow,
      (isWidthNew) => this.#onResize(isWidthNew),
    );
    this.#feed = new Feed(this.#store, options.source, {
      onLines: (change, isNew) => this.#onLines(change, isNew),
      onReady: () => this.#onReady(),
      onFailure: (error) => this.#onFailure(error),
      onConnection: (state) => {
        this.#connection = state;
        this.#viewport.isGrowing = state !== 'ended';
        this.#tell();
      },
    });
    this.#finder = new Finder({
      store: this.#store,
      source: options.source,
      messages: this.#messages,
      preferences: () => this.preferences,
      topLine: () => this.#topLine,
      reveal: (hit) => this.#revealHit(hit),
      onChange: (isFilterTouched) => this.#onSearch(isFilterTouched),
      onFilterContext: (lines) => this.setPreferences({ filterContext: lines }),
      onClosed: () => this.focus(),
      attach: (bar) => this.#toolbar.root.after(bar),
    });
    this.#toolbar = new Toolbar(this.#messages, {
      onSearch: () => this.openSearch(),
      onFollow: () => this.#toggleFollow(),
      onWrap: () => this.setPreferences({ wrap: !this.preferences.wrap }),
      onNextError: () => this.showNextError(),
      onView: (opener) => this.#actions.openView(opener),
      onMore: (opener) => this.#actions.openMore(opener),
      onFullscreen: () => this.toggleFullscreen(),
    });
    this.#actions = new Actions(this, {
      source: options.source,
      store: this.#store,
      messages: this.#messages,
      fileName: options.fileName ?? 'deployment',
      say: (text) => this.#toolbar.say(text),
    });
    this.#build(host);
    this.#listen();
    this.#folds.setSteps(options.steps ?? [], true);
    this.#steps = options.steps ?? [];
    this.#applyPreferences();
    void this.#feed.start();
  }

  #build(host: HTMLElement): void {
    const { scroller, layer } = this.#viewport;
    scroller.tabIndex = 0;
    scroller.setAttribute('role', 'region');
    scroller.setAttribute('aria-label', this.#messages.region);
    scroller.setAttribute('aria-live', 'off');
    layer.setAttribute('aria-label', this.#messages.list);
    scroller.firstElementChild!.append(this.#finder.painter.outline);
    this.#sticky.hidden = true;
    this.#empty.hidden = true;
    this.#pane.append(scroller, this.#sticky, this.#finder.marks.canvas, this.#pill, this.#empty);
    this.#root.append(this.#toolbar.root, this.#pane);
    host.append(this.#root);
    this.#shareElements();
    this.#painter.palette = readPalette(this.#root);
    this.#endings.push(printable(this.#root, this.#store, this.#messages));
    const loading = setTimeout(() => this.#showEmpty(), LOADING_MS);
    this.#endings.push(() => clearTimeout(loading));
  }

  #listen(): void {
    const { signal } = this.#abort;
    this.#root.addEventListener('keydown', (event) => this.#onKey(event), { signal });
    this.#pane.addEventListener('click', (event) => this.#onClick(event), { signal });
    this.#viewport.layer.addEventListener('copy', copySelection, { signal });
    document.addEventListener('selectionchange', () => this.#onTextSelection(), { signal });
    addEventListener('hashchange', () => this.goTo(location.hash), { signal });
    this.#endings.push(
      watchTheme(() => {
        this.#painter.palette = readPalette(this.#root);
        this.#rows.renew();
        this.#viewport.render();
      }),
    );
  }

  destroy(): void {
    this.#abort.abort();
    this.#feed.close();
    this.#finder.destroy();
    this.#viewport.destroy();
    this.#toolbar.destroy();
    if (this.#frame !== null) cancelAnimationFrame(this.#frame);
    if (this.#announceTimer !== null) clearTimeout(this.#announceTimer);
    for (const end of this.#endings) end();
    this.#root.remove();
  }

  // ---- rows

  get layout(): Layout {
    return this.#viewport.layout;
  }

  get currentLine(): number | null {
    return this.#finder.current?.seq ?? null;
  }

  stepOf(seq: number): LogStep | null {
    const section = this.#sections.find(({ first, last }) => seq >= first && seq <= last);
    return section?.step ?? null;
  }

  hrefOf(fragment: string): string {
    // Not the fragment alone: that would be relative to `<base href>`.
    return location.pathname + location.search + fragment;
  }

  get #metrics(): Metrics {
    const line = Math.round((this.preferences.fontSize * 5) / 3);
    return { line, step: Math.max(32, line + 12), group: Math.max(24, line + 4) };
  }

  /** Makes the rows anew after lines, steps, folds or the search have changed. Lines of `kept` stay unfolded. */
  #relayout(kept: readonly number[] = []): void {
    if (this.#digits !== this.#shownDigits) this.#measureCharacters();
    this.#sections = sections(this.#store, this.#steps);
    let layout = this.#makeLayout();
    for (const seq of kept) {
      for (let fold = foldOver(layout, seq); fold; fold = foldOver(layout, seq)) {
        this.#folds.say(foldKey(fold), true);
        layout = this.#makeLayout();
      }
    }
    if (this.preferences.wrap) {
      const columns = this.#viewport.wrapColumns;
      layout.wrap((seq) => this.#screenLines(seq, columns), this.#viewport.layout);
    }
    this.#viewport.replace(layout, (before) => this.#anchor(before, layout));
    this.#viewport.layer.role = layout.rowCount > 0 ? 'list' : null;
    this.#showEmpty();
  }

  #makeLayout(): Layout {
    const filter = this.#finder.filter;
    return new Layout(
      filter ? filteredSpans(filter, this.preferences.filterContext, this.#store.last) : groupedSpans(this.#store, this.#steps, this.#folds),
      this.#metrics,
    );
  }

  /** The first and the last line that are seen. */
  get #seenLines(): number[] {
    const { layout } = this;
    if (layout.rowCount === 0) return [];
    const ends = [this.#viewport.topRow, layout.rowAt(this.#viewport.top + this.#viewport.height - 1)];
    return ends.map((row) => layout.row(row)).filter(({ span, seq }) => span.kind === 'lines' && this.#store.isLoaded(seq)).map(({ seq }) => seq);
  }

  /** Where the row that is at the top now will be. */
  #anchor(before: Layout, after: Layout): { row: number; offset: number } {
    if (before.rowCount === 0 || after.rowCount === 0) return { row: 0, offset: 0 };
    const top = before.rowAt(this.#viewport.top);
    const { span, seq } = before.row(top);
    const offset = this.#viewport.top - before.y(top);
    if (span.kind === 'step') {
      const same = after.spans.find((one) => one.kind === 'step' && one.step!.name === span.step!.name);
      if (same) return { row: same.row, offset };
    }
    const row = after.rowOf(seq);
    return { row, offset: after.shows(seq) ? offset : 0 };
  }

  /** Measured, or guessed from the number of characters. */
  #screenLines(seq: number, columns: number): number {
    const chunk = this.#store.chunkOf(seq);
    if (!chunk) return 1;
    const slot = seq - chunk.first;
    const measured = chunk.heights?.[slot] ?? 0;
    return measured > 0 ? measured : Math.max(1, Math.ceil(Math.min(chunk.lengthOf(slot), this.#rows.limitOf(seq)) / columns));
  }

  #remember(row: number, screenLines: number): void {
    const { seq } = this.layout.row(row);
    const chunk = this.#store.chunkOf(seq);
    if (!chunk) return;
    chunk.heights ??= new Uint16Array(chunk.flags.length);
    chunk.heights[seq - chunk.first] = Math.min(screenLines, 0xffff);
  }

  #forgetHeights(): void {
    for (const chunk of this.#store.chunks) chunk.heights = null;
    this.#viewport.forgetMeasures();
  }

  #onResize(isWidthNew: boolean): void {
    if (isWidthNew && this.preferences.wrap) {
      this.#forgetHeights();
      this.#viewport.resized();
      this.#relayout();
    } else this.#viewport.resized();
    this.#root.style.setProperty('--slog-width', `${this.#viewport.scroller.clientWidth}px`);
    this.#drawMarks();
  }

  get #topLine(): number {
    return this.layout.rowCount > 0 ? this.layout.row(this.#viewport.topRow).seq : 1;
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
    this.#feed.want(ranges);
    this.#showSticky(first);
    this.#finder.paint(() => this.#shownLines());
    this.#tell();
  }

  *#shownLines(): Generator<[number, HTMLElement]> {
    for (const row of this.#viewport.elements) {
      const seq = row.querySelector<HTMLElement>('.slog-number')?.dataset['seq'];
      if (seq !== undefined) yield [Number(seq), row];
    }
  }

  /** The header of the step one is in, when its own row is further up. */
  #showSticky(first: number): void {
    const span = this.#finder.filter ? null : this.layout.stepAbove(first);
    const isNeeded = span !== null && span.isOpen === true && this.layout.y(span.row) < this.#viewport.top;
    this.#sticky.hidden = !isNeeded;
    if (!isNeeded) return;
    const next = this.layout.spans.find((one) => one.kind === 'step' && one.row > span.row);
    const room = next ? this.layout.y(next.row) - this.#viewport.top : Infinity;
    this.#sticky.style.transform = `translateY(${Math.min(0, room - this.layout.metrics.step)}px)`;
    const texts = this.#rows.headerTexts(span);
    const signature = JSON.stringify(texts) + foldKey(span);
    if (this.#sticky.dataset['signature'] === signature) return;
    this.#sticky.dataset['signature'] = signature;
    this.#sticky.replaceChildren(headerButton(span, texts));
  }

  // ---- what comes from the source

  #onReady(): void {
    this.#phase = 'ready';
    this.#failure = null;
    const fragment = this.options.fragment ?? location.hash;
    if (!this.goTo(fragment)) this.#viewport.scrollToEnd();
    this.#showEmpty();
    this.#tell();
    void this.#locate();
  }

  async #locate(): Promise<void> {
    if (this.#isLocating) return;
    this.#isLocating = true;
    try {
      if (await locateSteps(this.#store, this.options.source, this.#steps, this.#abort.signal)) {
        this.#relayout(this.selection ? [this.selection.first] : []);
      }
    } catch {
      // Headers then appear when the lines around them are read.
    } finally {
      this.#isLocating = false;
    }
  }

  #onLines(change: StoreChange, isNew: boolean): void {
    this.#failure = null;
    const growth = isNew ? change.added : 0;
    // A group whose beginning was just read does not fold under the eyes of somebody who is in it.
    if (!document.hidden || !isNew) this.#relayout(isNew && this.#follow.isOn ? [] : this.#seenLines);
    else this.#relayoutWhenVisible();
    this.#follow.grew(growth);
    this.#finder.linesCame();
    if (isNew) this.#announce(change);
  }

  #relayoutWhenVisible(): void {
    if (this.#frame !== null) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = null;
      this.#relayout();
    });
  }

  #announce({ first, last }: StoreChange): void {
    const seq = this.#store.nextOfLevel('error', first - 1, 1);
    if (seq === null || seq > last || !this.options.onAnnounce || this.#announceTimer !== null) return;
    const wait = Math.max(0, this.#lastAnnounced + ANNOUNCE_MS - performance.now());
    this.#announceTimer = setTimeout(() => {
      this.#announceTimer = null;
      this.#lastAnnounced = performance.now();
      this.options.onAnnounce?.(this.#messages.errorLine(plainText(this.#store.textOf(seq)).slice(0, 200)));
    }, wait);
  }

  #onFailure(error: Error): void {
    this.#failure = error.message;
    if (this.#phase !== 'ready') this.#phase = 'error';
    this.#showEmpty();
    this.#tell();
  }

  #showEmpty(): void {
    const text = this.#emptyText;
    this.#empty.hidden = text === null;
    this.#empty.classList.toggle('is-strip', this.#phase === 'ready' && this.#failure !== null);
    const signature = `${text ?? ''}/${this.#failure ?? ''}`;
    if (this.#empty.dataset['signature'] === signature) return;
    this.#empty.dataset['signature'] = signature;
    this.#empty.replaceChildren();
    if (text !== null) this.#empty.append(element('p', '', text));
    if (this.#failure !== null) {
      if (this.#failure !== '') this.#empty.append(element('p', 'slog-reason', this.#failure));
      this.#empty.append(button({ label: this.#messages.retry, className: 'slog-retry', onPress: () => this.#retry() }));
    }
    this.#shareElements();
  }

  get #emptyText(): string | null {
    if (this.#phase === 'error' || this.#failure !== null) return this.#messages.failed;
    if (this.#phase === 'loading') return this.#messages.loading;
    if (this.layout.rowCount > 0 || this.#finder.filter) return null;
    if (this.#emptyReason.kind === 'deleted') return this.#emptyReason.text;
    if (this.#emptyReason.kind === 'skipped') return this.#messages.stepSkipped;
    return this.#connection === 'ended' ? this.#messages.noLines : this.#messages.noOutput;
  }

  #retry(): void {
    this.#failure = null;
    if (this.#phase === 'error') this.#phase = 'loading';
    this.#showEmpty();
    this.#feed.retry();
    this.focus();
  }

  // ---- state

  get state(): LogState {
    return {
      phase: this.#phase,
      connection: this.#connection,
      isFollowing: this.#follow.isOn,
      unseen: this.#follow.unseen,
      lineCount: this.#store.last,
      isFullscreen: this.#isFullscreen,
      step: this.layout.rowCount > 0 ? (this.layout.stepAbove(this.#viewport.topRow)?.step?.name ?? null) : null,
      selection: this.selection,
    };
  }

  #tell(): void {
    const { state } = this;
    const told = JSON.stringify(state);
    if (told === this.#told) return;
    this.#told = told;
    const isLive = state.connection !== 'ended' && state.connection !== 'idle';
    this.#pill.hidden = state.isFollowing || state.phase !== 'ready' || (!isLive && state.unseen === 0);
    setText(this.#pill, this.#messages.paused(state.unseen));
    this.#toolbar.show({ ...state, canFollow: isLive, isWrapped: this.preferences.wrap });
    this.options.onStateChange?.(state);
  }

  #onFollow(): void {
    this.#tell();
  }

  follow(): void {
    this.#follow.turn(true);
    this.#viewport.scrollToEnd();
    this.focus();
  }

  #toggleFollow(): void {
    if (this.#follow.isOn) this.#follow.turn(false);
    else this.follow();
  }

  update(change: Parameters<LogViewerHandle['update']>[0]): void {
    if (change.empty) this.#emptyReason = change.empty;
    if (change.preferences) {
      this.preferences = { ...this.preferences, ...change.preferences };
      this.#applyPreferences();
    }
    if (change.steps) {
      this.#folds.setSteps(change.steps, this.#follow.isOn);
      this.#steps = change.steps;
      if (this.#phase === 'ready') void this.#locate();
    }
    this.#relayout();
    this.#tell();
  }

  setPreferences(change: Partial<LogPreferences>): void {
    const size = change.fontSize ?? this.preferences.fontSize;
    const fontSize = Math.min(FONT_SIZES.largest, Math.max(FONT_SIZES.smallest, size));
    this.preferences = { ...this.preferences, ...change, fontSize };
    this.options.onPreferencesChange?.(this.preferences);
    this.#applyPreferences();
  }

  #applyPreferences(): void {
    const { preferences, layout } = this;
    this.#root.classList.toggle('is-wrapped', preferences.wrap);
    this.#root.dataset['timestamps'] = preferences.timestamps;
    this.#root.style.setProperty('--slog-font', `${preferences.fontSize}px`);
    this.#root.style.setProperty('--log-line', `${this.#metrics.line}px`);
    this.#root.style.setProperty('--slog-step', `${this.#metrics.step}px`);
    this.#root.style.setProperty('--slog-group', `${this.#metrics.group}px`);
    this.#viewport.isWrapped = preferences.wrap;
    this.#measureCharacters();
    this.#viewport.resetWidth();
    this.#rows.renew();
    this.#forgetHeights();
    if (layout.rowCount > 0) this.#relayout();
    // Not from what is on the screen: `#tell` compares states, and preferences are none.
    this.#told = '';
    this.#tell();
  }

  /** That the number of a line may have. */
  get #digits(): number {
    return Math.max(4, String(this.#store.last).length);
  }

  #measureCharacters(): void {
    this.#shownDigits = this.#digits;
    this.#root.style.setProperty('--slog-digits', String(this.#digits));
    const row = element('div', 'slog-row');
    const text = element('span', '', '0'.repeat(100));
    const link = element('a', 'slog-number');
    link.dataset['n'] = '0';
    if (this.preferences.timestamps !== 'off') link.dataset['time'] = '0';
    row.append(link, text);
    this.#viewport.layer.append(row);
    const width = text.getBoundingClientRect().width / 100 || 7;
    const gutter = text.getBoundingClientRect().left - row.getBoundingClientRect().left;
    row.remove();
    this.#viewport.setCharacters(width, Math.max(0, gutter));
  }

  toggleFullscreen(): void {
    this.#isFullscreen = !this.#isFullscreen;
    const { top } = this.#viewport;
    // The top layer is above everything, whatever the page around has for transforms.
    this.#root.popover = this.#isFullscreen ? 'manual' : null;
    if (this.#isFullscreen) this.#root.showPopover();
    this.#root.classList.toggle('is-fullscreen', this.#isFullscreen);
    this.#viewport.resized();
    if (!this.#follow.isOn) this.#viewport.scrollTo(top);
    this.focus();
    this.#tell();
  }

  focus(): void {
    this.#viewport.scroller.focus({ preventScroll: true });
  }

  // ---- places in the log

  goTo(target: string | LineSelection): boolean {
    const selection = typeof target === 'string' ? parsePermalink(target) : target;
    if (!selection || selection.first > this.#store.last) return false;
    const last = Math.min(selection.last, this.#store.last);
    this.selection = { step: this.stepOf(selection.first)?.name ?? selection.step, first: selection.first, last };
    this.#selectionStart = selection.first;
    this.#reveal(selection.first);
    return true;
  }

  /** Opens what hides a line, and puts it into the middle. */
  #reveal(seq: number, isLazy = false): void {
    this.#follow.turn(false);
    this.#relayout([seq]);
    this.#viewport.scrollToRow(this.layout.rowOf(seq), isLazy);
    this.#tell();
  }

  showStep(name: string): void {
    this.#follow.turn(false);
    this.#folds.say(`step:${name}`, true);
    this.#relayout();
    const span = this.layout.spans.find((one) => one.kind === 'step' && one.step!.name === name);
    if (span) this.#viewport.scrollTo(this.layout.y(span.row));
  }

  showNextError(): boolean {
    const from = this.selection?.first ?? this.#topLine - 1;
    const seq = this.#store.nextOfLevel('error', from, 1) ?? this.#store.nextOfLevel('error', 0, 1);
    if (seq === null) {
      this.#toolbar.say(this.#messages.noErrors);
      return false;
    }
    this.select(seq, seq);
    this.#reveal(seq);
    return true;
  }

  /** Selects lines, or none (0), and puts that into the address. */
  select(first: number, last: number): void {
    this.selection = first > 0 ? { step: this.stepOf(first)?.name ?? null, first, last } : null;
    const fragment = this.selection ? permalink(this.selection) : '';
    if (this.options.onFragment) this.options.onFragment(fragment);
    else history.replaceState(history.state, '', this.hrefOf(fragment));
    this.#viewport.render();
    this.#tell();
  }

  get permalink(): string {
    const seq = this.#topLine;
    const fragment = permalink(this.selection ?? { step: this.stepOf(seq)?.name ?? null, first: seq, last: seq });
    return location.origin + this.hrefOf(fragment);
  }

  /** The step one looks at: that of the selection, or the one at the top. */
  get currentSection(): Section | null {
    const seq = this.selection?.first ?? this.#topLine;
    return this.#sections.find(({ first, last }) => seq >= first && seq <= last) ?? null;
  }

  // ---- search

  openSearch(text?: string): void {
    this.#finder.open(text);
    this.#shareElements();
    this.#viewport.render();
  }

  /** The pane has at most 300 elements; what its tools do not take is for rows. */
  #shareElements(): void {
    const all = this.#root.querySelectorAll('*').length + 1;
    const rows = this.#viewport.layer.querySelectorAll('*').length;
    this.#viewport.mostElements = MOST_ELEMENTS - (all - rows) - (this.#sticky.hidden ? STICKY_ELEMENTS : 0);
  }

  #onSearch(isFilterTouched: boolean): void {
    this.#shareElements();
    if (isFilterTouched) this.#relayout();
    else this.#viewport.render();
    this.#drawMarks();
  }

  #drawMarks(): void {
    if (!this.#finder.isOpen) return this.#finder.drawMarks(this.layout, 0, { hit: '', current: '' });
    const [hit, current] = readColours(this.#root, ['--warn', '--text']).map(css);
    this.#finder.drawMarks(this.layout, this.#viewport.height, { hit: hit!, current: current! });
  }

  #revealHit(hit: Hit): void {
    if (this.#rows.expandTo(hit.seq, hit.start + hit.length)) this.#rows.renew();
    this.#reveal(hit.seq, true);
    this.#drawMarks();
    const row = this.#viewport.elementOf(lineKey(hit.seq));
    const range = row ? rangeIn(row, hit.start, hit.length) : null;
    if (!range || this.preferences.wrap) return;
    const { scroller } = this.#viewport;
    const [box, text] = [scroller.getBoundingClientRect(), range.getBoundingClientRect()];
    if (text.right > box.right - 24) scroller.scrollLeft += text.right - box.right + box.width / 3;
    else if (text.left < box.left + 90) scroller.scrollLeft += text.left - box.left - box.width / 3;
  }

  // ---- what the user does

  #onTextSelection(): void {
    const selected = document.getSelection();
    if (!selected || selected.isCollapsed || !selected.anchorNode) return;
    if (this.#viewport.layer.contains(selected.anchorNode) && this.#viewport.distanceToEnd >= 0) this.#follow.userGoesUp();
  }

  #onClick(event: MouseEvent): void {
    const target = event.target instanceof Element ? event.target : null;
    const fold = target?.closest<HTMLElement>('[data-fold]');
    const expand = target?.closest<HTMLElement>('[data-expand]');
    const link = target?.closest<HTMLElement>('.slog-number');
    if (fold) this.#toggleFold(fold.dataset['fold']!);
    else if (expand) {
      this.#rows.expand(Number(expand.dataset['expand']));
      this.#relayout();
    } else if (link && !event.ctrlKey && !event.metaKey && event.button === 0) {
      event.preventDefault();
      this.#selectLine(Number(link.dataset['seq']), event.shiftKey);
    }
  }

  #selectLine(seq: number, isRange: boolean): void {
    this.#follow.turn(false);
    if (isRange && this.selection) {
      document.getSelection()?.removeAllRanges();
      this.select(Math.min(seq, this.#selectionStart), Math.max(seq, this.#selectionStart));
    } else {
      this.#selectionStart = seq;
      this.select(seq, seq);
    }
  }

  #toggleFold(key: string): void {
    const span = this.layout.spans.find((one) => (one.kind === 'step' || one.kind === 'group') && foldKey(one) === key);
    if (!span) return;
    // What one folds from its sticky header comes to the top.
    const isAbove = this.layout.y(span.row) < this.#viewport.top;
    this.#follow.turn(false);
    this.#folds.say(key, !span.isOpen);
    this.#relayout();
    const after = this.layout.spans.find((one) => one.kind === span.kind && foldKey(one) === key);
    if (after && isAbove && span.isOpen) this.#viewport.scrollTo(this.layout.y(after.row));
  }

  #onKey(event: KeyboardEvent): void {
    if (event.defaultPrevented) return;
    const isInPane = event.target instanceof Node && this.#pane.contains(event.target);
    const command = commandOf(event, this.preferences.shortcuts);
    if (!command) return;
    const isEverywhere = command.do === 'search' || command.do === 'escape';
    if (!isInPane && !(isEverywhere && !(event.target instanceof HTMLInputElement))) return;
    if (event.target instanceof HTMLButtonElement && (event.key === 'Enter' || event.key === ' ')) return;
    if (!this.#run(command)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Says whether there was something to do. */
  #run(command: Command): boolean {
    switch (command.do) {
      case 'line':
        this.#scrollBy(command.by * this.layout.metrics.line);
        return true;
      case 'page':
        this.#scrollBy(command.by * Math.max(this.layout.metrics.line, this.#viewport.height - 2 * this.layout.metrics.line));
        return true;
      case 'side':
        this.#viewport.scroller.scrollLeft += command.by * SIDE_PX;
        return !this.preferences.wrap;
      case 'start':
        this.#follow.userGoesUp();
        this.#viewport.scrollTo(0);
        return true;
      case 'end':
      case 'follow':
        if (command.do === 'follow') this.#toggleFollow();
        else this.follow();
        return true;
      case 'extend':
        return this.#extendSelection(command.by);
      case 'step':
        return this.#moveStep(command.by);
      case 'hit':
        if (this.#finder.isOpen) this.#finder.move(command.by);
        return this.#finder.isOpen;
      case 'font':
        this.setPreferences({ fontSize: this.preferences.fontSize + command.by });
        return true;
      case 'error':
        this.showNextError();
        return true;
      case 'wrap':
        this.setPreferences({ wrap: !this.preferences.wrap });
        return true;
      case 'timestamps':
        this.#actions.nextTimestamps();
        return true;
      case 'fullscreen':
        this.toggleFullscreen();
        return true;
      case 'search':
        this.openSearch();
        return true;
      case 'link':
        void this.#actions.copyLink();
        return true;
      case 'fold':
        return this.#foldHere();
      case 'escape':
        return this.#escape();
    }
  }

  #scrollBy(pixels: number): void {
    if (pixels < 0) this.#follow.userGoesUp();
    this.#viewport.scrollBy(pixels);
    if (pixels > 0) this.#follow.userWentDown(this.#viewport.distanceToEnd);
  }

  #extendSelection(by: 1 | -1): boolean {
    const start = this.selection ?? { first: this.#topLine, last: this.#topLine };
    if (!this.selection) this.#selectionStart = start.first;
    const moving = start.first === this.#selectionStart ? start.last : start.first;
    const seq = Math.min(this.#store.last, Math.max(1, moving + (this.selection ? by : 0)));
    this.select(Math.min(seq, this.#selectionStart), Math.max(seq, this.#selectionStart));
    this.#follow.turn(false);
    this.#viewport.scrollToRow(this.layout.rowOf(seq), true);
    return true;
  }

  #moveStep(by: 1 | -1): boolean {
    const headers = this.layout.spans.filter((span) => span.kind === 'step');
    const here = this.layout.rowCount > 0 ? this.#viewport.topRow : 0;
    const isAtTop = (span: Span) => this.layout.y(span.row) === this.#viewport.top;
    const next = by > 0 ? headers.find((span) => span.row > here) : headers.filter((span) => span.row < here || (span.row === here && !isAtTop(span))).pop();
    if (!next) return false;
    this.#scrollBy(this.layout.y(next.row) - this.#viewport.top);
    if (next.step) this.options.onAnnounce?.(this.#messages.stepShown(next.step.title));
    return true;
  }

  #foldHere(): boolean {
    const span = this.layout.rowCount > 0 ? this.layout.stepAbove(this.#viewport.topRow) : null;
    if (!span) return false;
    this.#toggleFold(foldKey(span));
    return true;
  }

  #escape(): boolean {
    if (this.#finder.isOpen) this.#finder.close();
    else if (this.#isFullscreen) this.toggleFullscreen();
    else if (this.selection) this.select(0, 0);
    else return false;
    return true;
  }
}

/** What hides a line; null when it is shown, or is in no step or group. */
function foldOver(layout: Layout, seq: number): Span | null {
  if (layout.rowCount === 0 || layout.shows(seq)) return null;
  const { span } = layout.row(layout.rowOf(seq));
  return (span.kind === 'step' || span.kind === 'group') && span.isOpen === false ? span : null;
}
