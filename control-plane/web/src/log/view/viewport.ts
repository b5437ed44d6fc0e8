// The window onto the rows: only what can be seen is in the document, and from one frame to the next only
// rows that came or went are touched. Knows where rows are, not what is in them.

import { Layout } from '../layout/layout';
import { ScrollMap } from '../layout/scroll';
import { element, setAttribute } from './dom';
import type { Follow } from './follow';

/** Rows above and below what is seen. */
const OVERSCAN = 10;
/** Elements of a row without any piece of its own look. */
const ROW_ELEMENTS = 2;
/** Transforms stay small: their numbers are single precision. */
const FAR_PX = 100_000;
/** After so long without a scroll event the bar is put where it belongs. */
const IDLE_MS = 150;

export interface RowContent {
  /** The same number names the same row from frame to frame. */
  key: number;
  /** While it is the same, the element stays. */
  signature: string;
  /** Elements beyond `ROW_ELEMENTS` that it would like. */
  elements: number;
  /** `elements` is what it may have of them. */
  render(elements: number): HTMLElement;
  /** Columns of text, for the horizontal scroll bar. */
  columns: number;
  /** Classes that change without the element being made anew. */
  marks: string;
}

export interface ViewportHost {
  content(row: number): RowContent;
  /** Rows `first` to `last` are seen. */
  onShown(first: number, last: number): void;
  /** A wrapped row was measured. */
  onMeasured(row: number, screenLines: number): void;
}

interface Shown {
  element: HTMLElement;
  signature: string;
  marks: string;
  row: number;
  y: number;
  isMeasured: boolean;
}

export class Viewport {
  readonly scroller = element('div', 'slog-scroll');
  readonly #sizer = element('div', 'slog-sizer');
  readonly layer = element('div', 'slog-layer');
  readonly #map = new ScrollMap();
  readonly #shown = new Map<number, Shown>();
  #layout: Layout;
  #origin = 0;
  #layerTop = -1;
  #columns = 0;
  #characterWidth = 7;
  #gutter = 60;
  #idle: ReturnType<typeof setTimeout> | null = null;
  readonly #observer: ResizeObserver;
  isWrapped = false;
  /** That all rows may have together. */
  mostElements = 250;
  /** Of a growing list it is not known. */
  isGrowing = false;

  constructor(
    layout: Layout,
    private readonly host: ViewportHost,
    private readonly follow: Follow,
    private readonly onResize: (isWidthNew: boolean) => void,
  ) {
    this.#layout = layout;
    this.scroller.append(this.#sizer);
    this.#sizer.append(this.layer);
    this.scroller.addEventListener('scroll', this.#onScroll, { passive: true });
    this.scroller.addEventListener('wheel', this.#onWheel, { passive: true });
    let width = 0;
    this.#observer = new ResizeObserver(() => {
      const isWidthNew = this.scroller.clientWidth !== width;
      width = this.scroller.clientWidth;
      this.onResize(isWidthNew);
    });
    this.#observer.observe(this.scroller);
  }

  destroy(): void {
    this.#observer.disconnect();
    if (this.#idle !== null) clearTimeout(this.#idle);
  }

  get layout(): Layout {
    return this.#layout;
  }

  get top(): number {
    return this.#map.top;
  }

  get height(): number {
    return this.#map.viewport;
  }

  get distanceToEnd(): number {
    return this.#map.distanceToEnd;
  }

  /** The first row that is seen. */
  get topRow(): number {
    return this.#layout.rowAt(this.#map.top);
  }

  /** Columns that a wrapped line has. */
  get wrapColumns(): number {
    return Math.max(20, Math.floor((this.scroller.clientWidth - this.#gutter - 12) / this.#characterWidth));
  }

  /** Both in pixels. */
  setCharacters(characterWidth: number, gutter: number): void {
    this.#characterWidth = characterWidth;
    this.#gutter = gutter;
  }

  /** Rows may have another height now. */
  forgetMeasures(): void {
    for (const shown of this.#shown.values()) shown.isMeasured = false;
  }

  /** Other rows. What is seen stays where it is, or the end is kept in view. */
  replace(layout: Layout, anchorRow: (before: Layout) => { row: number; offset: number }): void {
    const anchor = anchorRow(this.#layout);
    this.#layout = layout;
    this.#resize();
    if (this.follow.isOn) this.#put(this.#map.end);
    else this.#put(layout.y(anchor.row) + anchor.offset);
    this.render();
  }

  /** The element has another size. */
  resized(): void {
    this.#resize();
    this.#put(this.follow.isOn ? this.#map.end : this.#map.top);
    this.render();
  }

  #resize(): void {
    this.#map.resize(this.#layout.height, this.scroller.clientHeight);
    const height = `${this.#map.barHeight}px`;
    if (this.#sizer.style.height !== height) this.#sizer.style.height = height;
    const width = this.isWrapped ? '' : `${Math.ceil(this.#columns * this.#characterWidth + this.#gutter + 24)}px`;
    if (this.#sizer.style.minWidth !== width) this.#sizer.style.minWidth = width;
    // The bar of a wide log may just have taken some height.
    this.#map.resize(this.#layout.height, this.scroller.clientHeight);
  }

  /** Forgets how wide the log was. */
  resetWidth(): void {
    this.#columns = 0;
  }

  #put(top: number): void {
    const bar = this.#map.goTo(top);
    if (Math.abs(this.scroller.scrollTop - bar) >= 0.5) this.scroller.scrollTop = bar;
    this.#map.settle(this.scroller.scrollTop);
  }

  scrollTo(top: number): void {
    this.#put(top);
    this.render();
  }

  scrollBy(pixels: number): void {
    this.scrollTo(this.#map.top + pixels);
  }

  scrollToEnd(): void {
    this.scrollTo(this.#map.end);
    // Heights that were guessed are known now.
    if (this.#map.distanceToEnd > 0) this.scrollTo(this.#map.end);
  }

  /** Puts a row into the middle; `isLazy` only when it is not seen well. */
  scrollToRow(row: number, isLazy = false): void {
    for (let turn = 0; turn < 3; turn++) {
      const top = this.#layout.y(row);
      const room = this.#layout.metrics.step + this.#layout.metrics.line;
      if (isLazy && top >= this.#map.top + room && top + room <= this.#map.top + this.#map.viewport) return this.render();
      this.scrollTo(top - Math.max(0, this.#map.viewport - this.#layout.heightOf(row)) / 2);
      // Once more when measuring has moved it.
      if (this.#layout.y(row) === top) return;
    }
  }

  /** Brings a box into view that is too far left or right. */
  scrollSideways({ left, right }: DOMRect): void {
    if (this.isWrapped) return;
    const box = this.scroller.getBoundingClientRect();
    if (right > box.right - 24) this.scroller.scrollLeft += right - box.right + box.width / 3;
    else if (left < box.left + this.#gutter) this.scroller.scrollLeft += left - box.left - box.width / 3;
  }

  readonly #onWheel = (event: WheelEvent) => {
    if (event.deltaY < 0 && !event.ctrlKey && !event.shiftKey && this.#map.end > 0) this.follow.userGoesUp();
  };

  readonly #onScroll = () => {
    // A pane that has grown pulls its bar up: that was nobody's wish.
    if (this.scroller.clientHeight !== this.#map.viewport) return this.resized();
    const bar = this.scroller.scrollTop;
    const moved = bar - this.#map.bar;
    if (Math.abs(moved) >= 0.5) {
      this.#map.follow(bar);
      if (moved < 0) this.follow.userGoesUp();
      else this.follow.userWentDown(this.#map.distanceToEnd);
      if (this.#map.isScaled) this.#settleWhenIdle();
      this.render();
    }
  };

  #settleWhenIdle(): void {
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      this.#idle = null;
      if (Math.abs(this.#map.properBar - this.scroller.scrollTop) > 1) this.scrollTo(this.#map.top);
    }, IDLE_MS);
  }

  /** Brings the document up to date with what is seen. */
  render(): void {
    for (let turn = 0; turn < 4; turn++) {
      if (!this.#renderOnce()) break;
    }
  }

  /** Says whether heights turned out different, so that it has to be done again. */
  #renderOnce(): boolean {
    const layout = this.#layout;
    if (layout.rowCount === 0 || this.#map.viewport === 0) {
      this.layer.replaceChildren();
      this.#shown.clear();
      return false;
    }
    const first = layout.rowAt(this.#map.top);
    const last = layout.rowAt(this.#map.top + this.#map.viewport - 1);
    const { from, to, contents, most } = this.#choose(first, last);
    this.#moveOrigin(layout.y(from));
    this.#update(from, to, contents, most);
    if (this.isWrapped && this.#measure()) return true;
    if (!this.isWrapped) this.#widen(contents);
    this.#placeLayer();
    this.host.onShown(first, last);
    return false;
  }

  /** The rows to show, and how many elements each may have so that all together have not too many. */
  #choose(first: number, last: number): { from: number; to: number; contents: RowContent[]; most: number } {
    const seen: RowContent[] = [];
    for (let row = first; row <= last; row++) seen.push(this.host.content(row));
    let used = seen.reduce((sum, content) => sum + ROW_ELEMENTS + content.elements, 0);
    let most = Infinity;
    if (used > this.mostElements) {
      most = fairShare(seen.map((content) => content.elements), this.mostElements - seen.length * ROW_ELEMENTS);
      return { from: first, to: last, contents: seen, most };
    }
    let [from, to] = [first, last];
    const above: RowContent[] = [];
    for (let step = 1; step <= OVERSCAN; step++) {
      for (const row of [last + step, first - step]) {
        if (row < 0 || row >= this.#layout.rowCount) continue;
        const content = this.host.content(row);
        used += ROW_ELEMENTS + content.elements;
        if (used > this.mostElements) return { from, to, contents: [...above.reverse(), ...seen], most };
        if (row > last) {
          seen.push(content);
          to = row;
        } else {
          above.push(content);
          from = row;
        }
      }
    }
    return { from, to, contents: [...above.reverse(), ...seen], most };
  }

  #moveOrigin(y: number): void {
    if (Math.abs(y - this.#origin) < FAR_PX) return;
    this.#origin = y;
    for (const shown of this.#shown.values()) shown.y = NaN;
  }

  #update(from: number, to: number, contents: RowContent[], most: number): void {
    const wanted = new Set(contents.map((content) => content.key));
    for (const [key, shown] of this.#shown) {
      if (wanted.has(key)) continue;
      shown.element.remove();
      this.#shown.delete(key);
    }
    let next: ChildNode | null = this.layer.firstChild;
    const setSize = this.isGrowing ? '-1' : String(this.#layout.rowCount);
    for (let row = from; row <= to; row++) {
      const content = contents[row - from]!;
      const signature = content.elements > most ? `${content.signature}/${most}` : content.signature;
      let shown = this.#shown.get(content.key);
      if (!shown || shown.signature !== signature) {
        const made = content.render(Math.min(most, content.elements));
        made.setAttribute('role', 'listitem');
        if (shown) {
          if (next === shown.element) next = next.nextSibling;
          shown.element.remove();
        }
        this.layer.insertBefore(made, next);
        shown = { element: made, signature, marks: '', row: -1, y: NaN, isMeasured: false };
        this.#shown.set(content.key, shown);
      } else if (shown.element === next) next = next.nextSibling;
      else this.layer.insertBefore(shown.element, next);
      this.#place(shown, row, content.marks, setSize);
    }
  }

  #place(shown: Shown, row: number, marks: string, setSize: string): void {
    if (shown.marks !== marks) {
      for (const name of shown.marks.split(' ')) if (name !== '') shown.element.classList.remove(name);
      for (const name of marks.split(' ')) if (name !== '') shown.element.classList.add(name);
      shown.marks = marks;
    }
    const y = this.#layout.y(row) - this.#origin;
    if (shown.y !== y) {
      shown.element.style.transform = `translateY(${y}px)`;
      shown.y = y;
    }
    if (shown.row !== row) {
      shown.row = row;
      shown.element.setAttribute('aria-posinset', String(row + 1));
    }
    setAttribute(shown.element, 'aria-setsize', setSize);
  }

  /** Reads the heights of rows that are new. Rows above what is seen may grow: the view stays. */
  #measure(): boolean {
    let hasChanged = false;
    const top = this.topRow;
    const offset = this.#map.top - this.#layout.y(top);
    const line = this.#layout.metrics.line;
    const heights = [...this.#shown.values()]
      .filter((shown) => !shown.isMeasured)
      .map((shown) => [shown, shown.element.offsetHeight] as const);
    for (const [shown, height] of heights) {
      shown.isMeasured = true;
      if (this.#layout.row(shown.row).span.kind !== 'lines') continue;
      const screenLines = Math.max(1, Math.round(height / line));
      this.host.onMeasured(shown.row, screenLines);
      if (this.#layout.measure(shown.row, screenLines)) hasChanged = true;
    }
    if (!hasChanged) return false;
    this.#resize();
    this.#put(this.follow.isOn ? this.#map.end : this.#layout.y(top) + offset);
    return true;
  }

  #widen(contents: RowContent[]): void {
    const columns = Math.max(...contents.map((content) => content.columns));
    if (columns <= this.#columns) return;
    this.#columns = columns;
    this.#resize();
    if (this.follow.isOn) this.#put(this.#map.end);
  }

  #placeLayer(): void {
    const top = this.#map.bar - this.#map.top + this.#origin;
    if (Math.abs(top - this.#layerTop) < 0.01) return;
    this.#layerTop = top;
    this.layer.style.top = `${top}px`;
  }

  /** The element of a row; null when it is not in the document. */
  elementOf(key: number): HTMLElement | null {
    return this.#shown.get(key)?.element ?? null;
  }

  get elements(): HTMLElement[] {
    return [...this.layer.children] as HTMLElement[];
  }
}

/** The largest number that each may have at most, so that all together have at most `room`. */
export function fairShare(wishes: number[], room: number): number {
  const sorted = [...wishes].sort((a, b) => a - b);
  let left = Math.max(0, room);
  for (const [index, wish] of sorted.entries()) {
    const share = Math.floor(left / (sorted.length - index));
    if (wish > share) return share;
    left -= wish;
  }
  return Infinity;
}
