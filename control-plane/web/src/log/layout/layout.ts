// Where rows are: from rows to lines and pixels and back. Rows are of known height unless lines wrap;
// then a Fenwick tree holds by how many screen lines each row is higher.

import { lowerBound } from '../store/store';
import { Fenwick } from './fenwick';
import type { SpanSpec } from './spans';

/** Heights in pixels. */
export interface Metrics {
  line: number;
  step: number;
  group: number;
}

export interface Span extends SpanSpec {
  /** Of its first row. */
  row: number;
  /** Its top, as long as nothing wraps. */
  y: number;
}

export interface Row {
  span: Span;
  /** Of the line; for other kinds, of the span. */
  seq: number;
}

export class Layout {
  readonly spans: Span[];
  readonly rowCount: number;
  readonly #height: number;
  #extra: Fenwick | null = null;

  constructor(specs: readonly SpanSpec[], readonly metrics: Metrics) {
    let row = 0;
    let y = 0;
    this.spans = specs.map((spec) => {
      const span = { ...spec, row, y };
      row += spec.count;
      y += spec.count * this.#rowHeight(spec);
      return span;
    });
    this.rowCount = row;
    this.#height = y;
  }

  #rowHeight(spec: SpanSpec): number {
    if (spec.kind === 'step') return this.metrics.step;
    return spec.kind === 'group' ? this.metrics.group : this.metrics.line;
  }

  get height(): number {
    return this.#height + (this.#extra ? this.#extra.total * this.metrics.line : 0);
  }

  /**
   * From now on rows are as high as `screenLines` says (1 or more for lines). What `before` knows is kept
   * when only lines were added at its end.
   */
  wrap(screenLines: (seq: number) => number, before: Layout | null): void {
    const kept = before !== null && before.#extra && this.#isGrownFrom(before) ? before.#extra : null;
    if (kept) {
      const last = this.spans[this.spans.length - 1]!;
      for (let row = kept.length; row < this.rowCount; row++) kept.push(screenLines(last.seq + row - last.row) - 1);
      this.#extra = kept;
      return;
    }
    const values = new Int32Array(this.rowCount);
    for (const span of this.spans) {
      if (span.kind !== 'lines') continue;
      for (let at = 0; at < span.count; at++) values[span.row + at] = screenLines(span.seq + at) - 1;
    }
    this.#extra = new Fenwick(values);
  }

  #isGrownFrom(before: Layout): boolean {
    if (before.spans.length !== this.spans.length || this.spans.length === 0) return false;
    const last = this.spans.length - 1;
    return this.spans.every((span, index) => {
      const old = before.spans[index]!;
      const isSame = span.kind === old.kind && span.seq === old.seq;
      return isSame && (index === last ? span.kind === 'lines' && span.count >= old.count : span.count === old.count);
    });
  }

  /** A row turned out to take so many screen lines. Says whether that is news. */
  measure(row: number, screenLines: number): boolean {
    if (!this.#extra || row >= this.#extra.length) return false;
    const difference = screenLines - 1 - this.#extra.value(row);
    this.#extra.add(row, difference);
    return difference !== 0;
  }

  /** Top of a row; of the row behind the last one, the height of everything. */
  y(row: number): number {
    if (row >= this.rowCount) return this.height;
    const span = this.#spanOfRow(row);
    const flat = span.y + (row - span.row) * this.#rowHeight(span);
    return this.#extra ? flat + this.#extra.sum(row) * this.metrics.line : flat;
  }

  heightOf(row: number): number {
    const flat = this.#rowHeight(this.#spanOfRow(row));
    return this.#extra ? flat + this.#extra.value(row) * this.metrics.line : flat;
  }

  /** The row at a height; the first or last one when there is none. */
  rowAt(y: number): number {
    const behind = lowerBound(this.rowCount, (row) => this.y(row) > y);
    return Math.max(0, behind - 1);
  }

  row(index: number): Row {
    const span = this.#spanOfRow(index);
    return { span, seq: span.kind === 'lines' ? span.seq + index - span.row : span.seq };
  }

  #spanOfRow(row: number): Span {
    const behind = lowerBound(this.spans.length, (index) => this.spans[index]!.row > row);
    return this.spans[Math.max(0, behind - 1)]!;
  }

  /** The row of a line, or of what stands for it: a folded header, a marker, or the next line shown. */
  rowOf(seq: number): number {
    const behind = lowerBound(this.spans.length, (index) => this.spans[index]!.seq > seq);
    for (let at = behind - 1; at >= 0; at--) {
      const span = this.spans[at]!;
      if (span.kind === 'lines') return span.row + Math.min(seq - span.seq, span.count - 1);
      if (span.kind === 'group' || span.kind === 'lost') return span.row;
      if (span.kind === 'step' && (span.lines ?? 0) > 0) return span.row;
    }
    return 0;
  }

  /** Whether the row is the line itself, and not something that stands for it. */
  shows(seq: number): boolean {
    if (this.rowCount === 0) return false;
    const row = this.row(this.rowOf(seq));
    return (row.span.kind === 'lines' || row.span.kind === 'group') && row.seq === seq;
  }

  /** The header above a row; null when there is none. */
  stepAbove(row: number): Span | null {
    if (this.rowCount === 0) return null;
    for (let at = this.spans.indexOf(this.#spanOfRow(row)); at >= 0; at--) {
      if (this.spans[at]!.kind === 'step') return this.spans[at]!;
    }
    return null;
  }
}
