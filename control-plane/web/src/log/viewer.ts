// The log viewer: puts store, rows, search and tools together.

import './log.css';
import type { Section } from './layout/spans';
import { ENGLISH, type LogMessages } from './messages';
import type { LogViewerHandle, LogViewerOptions } from './options';
import { parsePermalink, permalink } from './permalink';
import type { Hit } from './search/hits';
import { Feed } from './store/feed';
import { locateSteps } from './store/locate';
import { LogStore, type StoreChange } from './store/store';
import { css } from './text/colour';
import { DEFAULT_PREFERENCES, type EmptyReason, type LineSelection, type LogPreferences, type LogState } from './types';
import { Actions, type ActionTarget } from './view/actions';
import { ErrorAnnouncer } from './view/announcer';
import { Body } from './view/body';
import { runCommand, type CommandTarget } from './view/commands';
import { copySelection } from './view/copy';
import { button, element, setText } from './view/dom';
import { Finder } from './view/finder';
import { Follow } from './view/follow';
import { rangeIn } from './view/highlight';
import { commandOf } from './view/keys';
import { Notice } from './view/notice';
import { printable } from './view/print';
import { lineKey } from './view/rows';
import { readColours, watchTheme } from './view/theme';
import { Toolbar } from './view/toolbar';

/** Nothing is shown for so long when loading is quick. */
const LOADING_MS = 150;
const FONT_SIZES = { smallest: 11, largest: 18 };

export class LogViewer implements LogViewerHandle, ActionTarget, CommandTarget {
  readonly #root = element('div', 'slog');
  readonly #pane = element('div', 'slog-pane');
  readonly #pill: HTMLButtonElement;
  readonly #messages: LogMessages;
  readonly #store = new LogStore();
  readonly #feed: Feed;
  readonly #follow = new Follow(true, () => this.#tell());
  readonly #body: Body;
  readonly #finder: Finder;
  readonly #toolbar: Toolbar;
  readonly #actions: Actions;
  readonly #notice: Notice;
  readonly #announcer: ErrorAnnouncer;
  readonly #abort = new AbortController();
  readonly #endings: (() => void)[] = [];
  #emptyReason: EmptyReason;
  /** The end of the selection that stays when it is extended. */
  #selectionStart = 0;
  /** What was asked for before the log was there. */
  #wanted: (() => boolean) | null = null;
  #failure: string | null = null;
  #phase: LogState['phase'] = 'loading';
  #connection: LogState['connection'] = 'idle';
  #isFullscreen = false;
  #told = '';
  #isLocating = false;
  #frame: number | null = null;
  preferences: LogPreferences;

  constructor(
    host: HTMLElement,
    private readonly options: LogViewerOptions,
  ) {
    const { source } = options;
    const messages: LogMessages = { ...ENGLISH, ...options.messages };
    this.#messages = messages;
    this.preferences = { ...DEFAULT_PREFERENCES, ...options.preferences };
    this.#emptyReason = options.empty ?? { kind: 'none' };
    this.#pill = button({ className: 'slog-pill', label: '', onPress: () => this.follow() });
    this.#pill.hidden = true;
    this.#notice = new Notice(messages, () => this.#retry());
    this.#announcer = new ErrorAnnouncer(this.#store, (text) => options.onAnnounce?.(messages.errorLine(text)));
    this.#body = new Body(this.#root, this.#store, this.#follow, {
      messages,
      preferences: () => this.preferences,
      filter: () => this.#finder.filter,
      hitLine: () => this.#finder.current?.seq ?? null,
      onShown: (ranges) => {
        this.#feed.want(ranges);
        this.#finder.paint(() => this.#body.shownLines());
        this.#tell();
      },
      onResized: () => this.#drawMarks(),
    });
    this.#feed = new Feed(this.#store, source, {
      onLines: (change, isNew) => this.#onLines(change, isNew),
      onReady: () => this.#onReady(),
      onFailure: (error) => this.#onFailure(error),
      onConnection: (state) => {
        this.#connection = state;
        this.#body.viewport.isGrowing = state !== 'ended';
        this.#tell();
      },
    });
    this.#toolbar = new Toolbar(messages, {
      onSearch: () => this.openSearch(),
      onFollow: () => this.toggleFollow(),
      onWrap: () => this.setPreferences({ wrap: !this.preferences.wrap }),
      onNextError: () => this.showNextError(),
      onView: (opener) => this.#actions.openView(opener),
      onMore: (opener) => this.#actions.openMore(opener),
      onFullscreen: () => this.toggleFullscreen(),
    });
    this.#finder = new Finder({
      store: this.#store,
      source,
      messages,
      preferences: () => this.preferences,
      topLine: () => this.#body.topLine,
      reveal: (hit) => this.#revealHit(hit),
      onChange: (isFilterTouched) => this.#onSearch(isFilterTouched),
      onFilterContext: (lines) => this.setPreferences({ filterContext: lines }),
      onClosed: () => this.focus(),
      attach: (bar) => this.#toolbar.root.after(bar),
    });
    this.#actions = new Actions(this, {
      source,
      store: this.#store,
      messages,
      fileName: options.fileName ?? 'deployment',
      say: (text) => this.#toolbar.say(text),
    });
    this.#build(host);
    this.#listen();
    this.#body.steps = options.steps ?? [];
    this.#body.folds.setSteps(this.#body.steps, true);
    this.#body.repaint();
    this.#applyPreferences();
    void this.#feed.start();
  }

  #build(host: HTMLElement): void {
    const { scroller, layer } = this.#body.viewport;
    scroller.tabIndex = 0;
    scroller.setAttribute('role', 'region');
    scroller.setAttribute('aria-label', this.#messages.region);
    scroller.setAttribute('aria-live', 'off');
    layer.setAttribute('aria-label', this.#messages.list);
    scroller.firstElementChild!.append(this.#finder.painter.outline);
    this.#pane.append(scroller, this.#body.sticky, this.#finder.marks.canvas, this.#pill, this.#notice.root);
    this.#root.append(this.#toolbar.root, this.#pane);
    host.append(this.#root);
    this.#body.shareElements();
  }

  #listen(): void {
    const { signal } = this.#abort;
    this.#root.addEventListener('keydown', (event) => this.#onKey(event), { signal });
    this.#pane.addEventListener('click', (event) => this.#onClick(event), { signal });
    this.#body.viewport.layer.addEventListener('copy', copySelection, { signal });
    document.addEventListener('selectionchange', () => this.#onTextSelection(), { signal });
    addEventListener('hashchange', () => this.goTo(location.hash), { signal });
    const loading = setTimeout(() => this.#showNotice(), LOADING_MS);
    this.#endings.push(
      watchTheme(() => this.#body.repaint()),
      printable(this.#root, this.#store, this.#messages),
      () => clearTimeout(loading),
    );
  }

  destroy(): void {
    this.#abort.abort();
    this.#feed.close();
    this.#finder.destroy();
    this.#body.viewport.destroy();
    this.#toolbar.destroy();
    this.#announcer.destroy();
    if (this.#frame !== null) cancelAnimationFrame(this.#frame);
    for (const end of this.#endings) end();
    this.#root.remove();
  }

  // What comes from the source.

  #onReady(): void {
    this.#phase = 'ready';
    this.#failure = null;
    const hasGone = this.goTo(this.options.fragment ?? location.hash) || this.#wanted?.() === true;
    this.#wanted = null;
    if (!hasGone) this.#body.viewport.scrollToEnd();
    this.#showNotice();
    this.#tell();
    void this.#locate();
  }

  async #locate(): Promise<void> {
    if (this.#isLocating) return;
    this.#isLocating = true;
    try {
      const hasFound = await locateSteps(this.#store, this.options.source, this.#body.steps, this.#abort.signal);
      if (hasFound) this.#relayout(this.selection ? [this.selection.first] : []);
    } catch {
      // Headers then appear when the lines around them are read.
    } finally {
      this.#isLocating = false;
    }
  }

  #onLines(change: StoreChange, isNew: boolean): void {
    this.#failure = null;
    if (document.hidden && isNew) this.#relayoutWhenVisible();
    // A group whose beginning was just read does not fold under the eyes of somebody who is in it.
    else this.#relayout(isNew && this.#follow.isOn ? [] : this.#body.seenLines);
    this.#finder.linesCame();
    if (!isNew) return;
    this.#follow.grew(change.added);
    this.#announcer.linesCame(change);
  }

  #relayoutWhenVisible(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = null;
      this.#relayout();
    });
  }

  #onFailure(error: Error): void {
    this.#failure = error.message;
    if (this.#phase !== 'ready') this.#phase = 'error';
    this.#showNotice();
    this.#tell();
  }

  #retry(): void {
    this.#failure = null;
    if (this.#phase === 'error') this.#phase = 'loading';
    this.#showNotice();
    this.#feed.retry();
    this.focus();
  }

  #relayout(kept: readonly number[] = []): void {
    this.#body.relayout(kept);
    this.#showNotice();
  }

  #showNotice(): void {
    const hasChanged = this.#notice.show({
      phase: this.#phase,
      connection: this.#connection,
      failure: this.#failure,
      hasRows: this.#body.layout.rowCount > 0 || this.#finder.filter !== null,
      reason: this.#emptyReason,
    });
    if (hasChanged) this.#body.shareElements();
  }

  // State.

  get state(): LogState {
    return {
      phase: this.#phase,
      connection: this.#connection,
      isFollowing: this.#follow.isOn,
      unseen: this.#follow.unseen,
      lineCount: this.#store.last,
      isFullscreen: this.#isFullscreen,
      step: this.#body.topStep?.step?.name ?? null,
      selection: this.selection,
    };
  }

  #tell(): void {
    const { state } = this;
    const told = JSON.stringify([state, this.preferences.wrap]);
    if (told === this.#told) return;
    this.#told = told;
    const isLive = state.connection !== 'ended' && state.connection !== 'idle';
    this.#pill.hidden = state.isFollowing || state.phase !== 'ready' || (!isLive && state.unseen === 0);
    setText(this.#pill, this.#messages.paused(state.unseen));
    this.#toolbar.show({ ...state, canFollow: isLive, isWrapped: this.preferences.wrap });
    this.options.onStateChange?.(state);
  }

  follow(): void {
    this.#follow.turn(true);
    this.#body.viewport.scrollToEnd();
    this.focus();
  }

  toggleFollow(): void {
    if (this.#follow.isOn) this.#follow.turn(false);
    else this.follow();
  }

  update({ empty, preferences, steps }: Parameters<LogViewerHandle['update']>[0]): void {
    if (empty) this.#emptyReason = empty;
    if (preferences) {
      this.preferences = { ...this.preferences, ...preferences };
      this.#applyPreferences();
    }
    if (steps) {
      this.#body.folds.setSteps(steps, this.#follow.isOn);
      this.#body.steps = steps;
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
    this.#body.applyPreferences();
    this.#tell();
  }

  nextTimestamps(): void {
    this.#actions.nextTimestamps();
  }

  toggleFullscreen(): void {
    this.#isFullscreen = !this.#isFullscreen;
    const { viewport } = this.#body;
    const { top } = viewport;
    // The top layer is above everything, whatever the page around has for transforms.
    this.#root.popover = this.#isFullscreen ? 'manual' : null;
    if (this.#isFullscreen) this.#root.showPopover();
    this.#root.classList.toggle('is-fullscreen', this.#isFullscreen);
    viewport.resized();
    if (!this.#follow.isOn) viewport.scrollTo(top);
    this.focus();
    this.#tell();
  }

  focus(): void {
    this.#body.viewport.scroller.focus({ preventScroll: true });
  }

  // Places in the log.

  get selection(): LineSelection | null {
    return this.#body.selection;
  }

  goTo(target: string | LineSelection): boolean {
    if (this.#phase !== 'ready') {
      this.#wanted = () => this.goTo(target);
      return false;
    }
    const selection = typeof target === 'string' ? parsePermalink(target) : target;
    if (!selection || selection.first > this.#store.last) return false;
    const { first } = selection;
    const last = Math.min(selection.last, this.#store.last);
    this.#body.selection = { step: this.#body.stepOf(first)?.name ?? selection.step, first, last };
    this.#selectionStart = first;
    this.#body.reveal(first);
    this.#tell();
    return true;
  }

  showStep(name: string): boolean {
    if (this.#phase === 'ready') return this.#body.showStep(name);
    this.#wanted = () => this.#body.showStep(name);
    return false;
  }

  showNextError(): boolean {
    const from = this.selection?.first ?? this.#body.topLine - 1;
    const seq = this.#store.nextOfLevel('error', from, 1) ?? this.#store.nextOfLevel('error', 0, 1);
    if (seq === null) {
      this.#toolbar.say(this.#messages.noErrors);
      return false;
    }
    this.#select(seq, seq);
    this.#body.reveal(seq);
    return true;
  }

  /** Selects lines, or none (0), and puts that into the address. */
  #select(first: number, last: number): void {
    this.#body.selection = first > 0 ? { step: this.#body.stepOf(first)?.name ?? null, first, last } : null;
    const fragment = this.selection ? permalink(this.selection) : '';
    if (this.options.onFragment) this.options.onFragment(fragment);
    else history.replaceState(history.state, '', this.#body.hrefOf(fragment));
    this.#body.viewport.render();
    this.#tell();
  }

  #selectLine(seq: number, isRange: boolean): void {
    this.#follow.turn(false);
    if (isRange && this.selection) {
      document.getSelection()?.removeAllRanges();
      this.#select(Math.min(seq, this.#selectionStart), Math.max(seq, this.#selectionStart));
    } else {
      this.#selectionStart = seq;
      this.#select(seq, seq);
    }
  }

  extendSelection(by: 1 | -1): void {
    const { selection } = this;
    const start = selection ?? { first: this.#body.topLine, last: this.#body.topLine };
    if (!selection) this.#selectionStart = start.first;
    const moving = start.first === this.#selectionStart ? start.last : start.first;
    const seq = Math.min(this.#store.last, Math.max(1, moving + (selection ? by : 0)));
    this.#follow.turn(false);
    this.#select(Math.min(seq, this.#selectionStart), Math.max(seq, this.#selectionStart));
    this.#body.viewport.scrollToRow(this.#body.layout.rowOf(seq), true);
  }

  get permalink(): string {
    const seq = this.#body.topLine;
    const fragment = permalink(this.selection ?? { step: this.#body.stepOf(seq)?.name ?? null, first: seq, last: seq });
    return location.origin + this.#body.hrefOf(fragment);
  }

  copyLink(): void {
    void this.#actions.copyLink();
  }

  /** The step one looks at: that of the selection, or the one at the top. */
  get currentSection(): Section | null {
    return this.#body.sectionOf(this.selection?.first ?? this.#body.topLine);
  }

  announceStep(title: string): void {
    this.options.onAnnounce?.(this.#messages.stepShown(title));
  }

  // Search.

  get isSearching(): boolean {
    return this.#finder.isOpen;
  }

  openSearch(text?: string): void {
    this.#finder.open(text);
    this.#body.shareElements();
    this.#body.viewport.render();
  }

  moveHit(direction: 1 | -1): void {
    this.#finder.move(direction);
  }

  #onSearch(isFilterTouched: boolean): void {
    this.#body.shareElements();
    if (isFilterTouched) this.#relayout();
    else this.#body.viewport.render();
    this.#drawMarks();
  }

  #drawMarks(): void {
    const { layout, viewport } = this.#body;
    const [hit = '', current = ''] = this.#finder.isOpen ? readColours(this.#root, ['--warn', '--text']).map(css) : [];
    this.#finder.drawMarks(layout, viewport.height, { hit, current });
  }

  #revealHit(hit: Hit): void {
    const { rows, viewport } = this.#body;
    if (rows.expandTo(hit.seq, hit.start + hit.length)) rows.renew();
    this.#body.reveal(hit.seq, true);
    this.#drawMarks();
    const row = viewport.elementOf(lineKey(hit.seq));
    const range = row ? rangeIn(row, hit.start, hit.length) : null;
    if (range) viewport.scrollSideways(range.getBoundingClientRect());
    // The outline was painted where the match was before.
    this.#finder.paint(() => this.#body.shownLines());
  }

  // What the user does.

  #onTextSelection(): void {
    const selected = document.getSelection();
    if (!selected || selected.isCollapsed || !selected.anchorNode) return;
    if (this.#body.viewport.layer.contains(selected.anchorNode)) this.#follow.userGoesUp();
  }

  #onClick(event: MouseEvent): void {
    const target = event.target instanceof Element ? event.target : null;
    const fold = target?.closest<HTMLElement>('[data-fold]');
    const expand = target?.closest<HTMLElement>('[data-expand]');
    const link = target?.closest<HTMLElement>('.slog-number');
    if (fold) this.#body.toggleFold(fold.dataset['fold']!);
    else if (expand) this.#body.expand(Number(expand.dataset['expand']));
    else if (link && !event.ctrlKey && !event.metaKey && event.button === 0) {
      event.preventDefault();
      this.#selectLine(Number(link.dataset['seq']), event.shiftKey);
    }
  }

  #onKey(event: KeyboardEvent): void {
    const command = commandOf(event, this.preferences.shortcuts);
    if (!command || event.defaultPrevented || !(event.target instanceof Element)) return;
    // From the tools only what is not theirs.
    const isOurs = this.#pane.contains(event.target) || command.do === 'search' || command.do === 'escape';
    const isPress = event.target instanceof HTMLButtonElement && (event.key === 'Enter' || event.key === ' ');
    if (!isOurs || isPress || event.target.closest('input, select, [role="menu"]') || !runCommand(command, this, this.#body)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  escape(): boolean {
    if (this.#finder.isOpen) this.#finder.close();
    else if (this.#isFullscreen) this.toggleFullscreen();
    else if (this.selection) this.#select(0, 0);
    else return false;
    return true;
  }
}
