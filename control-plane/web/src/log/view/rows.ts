// What is in each row: made from the store, the steps and what the user wants to see of them.

import type { Layout, Span } from '../layout/layout';
import type { LogStore } from '../store/store';
import type { LogMessages } from '../messages';
import { permalink } from '../permalink';
import type { LineSelection, LogPreferences, LogStep } from '../types';
import { headerButton, lineRow, markerRow, skeletonRow, type HeaderTexts, type Painter } from './row';
import { duration, timeText } from './time';
import { EXPAND_BY, LONGEST_LINE, TokenCache } from './tokens';
import type { RowContent } from './viewport';

export interface RowContext {
  layout: Layout;
  preferences: LogPreferences;
  selection: LineSelection | null;
  /** Of a hit that is looked at. */
  currentLine: number | null;
  stepOf(seq: number): LogStep | null;
  hrefOf(fragment: string): string;
}

/** Keys of rows that are no lines. */
export const lineKey = (seq: number) => seq * 4;
const groupKey = (seq: number) => seq * 4 + 1;
const markerKey = (seq: number) => seq * 4 + 2;
const stepKey = (index: number) => -2 * index - 1;
const noteKey = (index: number) => -2 * index - 2;

export class Rows {
  readonly #tokens = new TokenCache();
  /** Lines that are shown longer, and how many characters of each. */
  readonly #limits = new Map<number, number>();
  /** Raised when every row has to be made anew. */
  #epoch = 0;

  constructor(
    private readonly store: LogStore,
    private readonly painter: Painter,
    private readonly context: RowContext,
  ) {}

  renew(): void {
    this.#epoch++;
  }

  expand(seq: number): void {
    this.#limits.set(seq, this.limitOf(seq) + EXPAND_BY);
  }

  /** Shows at least so many characters of a line. */
  expandTo(seq: number, length: number): boolean {
    if (length <= this.limitOf(seq)) return false;
    this.#limits.set(seq, Math.ceil(length / EXPAND_BY) * EXPAND_BY);
    return true;
  }

  limitOf(seq: number): number {
    return this.#limits.get(seq) ?? LONGEST_LINE;
  }

  content(index: number): RowContent {
    const { span, seq } = this.context.layout.row(index);
    switch (span.kind) {
      case 'lines':
        return this.#line(seq);
      case 'step':
      case 'group':
        return this.#header(span);
      default:
        return this.#marker(span);
    }
  }

  #line(seq: number): RowContent {
    const key = lineKey(seq);
    const marks = this.#marks(seq);
    const chunk = this.store.chunkOf(seq);
    if (!chunk) {
      return { key, marks, signature: 'skeleton', elements: 0, columns: 0, render: () => skeletonRow(seq) };
    }
    const slot = seq - chunk.first;
    const look = this.store.lookAt(seq);
    const limit = this.limitOf(seq);
    const line = this.#tokens.get(seq, () => chunk.textOf(slot), look, limit);
    const { messages } = this.painter;
    return {
      key,
      marks,
      signature: `${this.#epoch}/${look.id}/${limit}`,
      elements: line.elements + (line.hidden > 0 ? 1 : 0),
      columns: line.length === line.columns ? line.columns : Math.max(line.columns, line.length) + (line.hidden > 0 ? messages.moreCharacters(line.hidden).length + 4 : 0),
      render: (elements) =>
        lineRow(
          {
            seq,
            line,
            level: chunk.levelOf(slot),
            stream: chunk.streamOf(slot),
            isContinuation: this.#continuesLine(seq),
            isLost: chunk.isLost(slot),
            time: this.#time(seq),
            href: this.context.hrefOf(permalink({ step: this.context.stepOf(seq)?.name ?? null, first: seq, last: seq })),
          },
          elements,
          this.painter,
        ),
    };
  }

  #continuesLine(seq: number): boolean {
    const before = this.store.chunkOf(seq - 1);
    return before !== null && before.isContinued(seq - 1 - before.first) && before.streamOf(seq - 1 - before.first) === this.store.streamOf(seq);
  }

  #time(seq: number): string {
    const at = this.store.timeOf(seq);
    const step = this.context.stepOf(seq);
    const base = step?.startedAt ?? this.store.timeOf(this.store.firstOfStep(step?.name ?? '') ?? 1);
    return at === null ? '' : timeText(at, base, this.context.preferences.timestamps);
  }

  #marks(seq: number): string {
    const { selection, currentLine } = this.context;
    const isSelected = selection !== null && seq >= selection.first && seq <= selection.last;
    return `${isSelected ? 'is-selected' : ''} ${seq === currentLine ? 'is-current' : ''}`.trim();
  }

  #header(span: Span): RowContent {
    const texts = this.headerTexts(span);
    return {
      key: span.kind === 'step' ? stepKey(this.#indexOf(span)) : groupKey(span.seq),
      marks: span.kind === 'group' ? this.#marks(span.seq) : '',
      signature: `${this.#epoch}/${span.isOpen}/${texts.state}/${texts.title}/${texts.meta}`,
      elements: 2,
      columns: 0,
      render: () => {
        const row = document.createElement('div');
        row.className = `slog-row is-header is-${span.kind}-header`;
        row.append(headerButton(span, texts));
        return row;
      },
    };
  }

  #indexOf(span: Span): number {
    return this.context.layout.spans.filter((one) => one.kind === 'step').indexOf(span);
  }

  headerTexts(span: Span): HeaderTexts {
    const { messages } = this.painter;
    const lines = span.lines ?? 0;
    const errors = lines > 0 ? this.store.countErrors(span.seq, span.seq + lines - 1) : 0;
    const parts = lines > 0 ? [messages.lineCount(lines)] : [];
    if (errors > 0) parts.push(messages.errorCount(errors));
    const step = span.step;
    if (step?.startedAt != null && step.completedAt != null) parts.unshift(duration(Math.max(0, step.completedAt - step.startedAt)));
    return {
      title: step?.title ?? (span.name || messages.group),
      meta: parts.join(' · '),
      state: step?.state ?? 'group',
    };
  }

  #marker(span: Span): RowContent {
    const text = markerText(span, this.painter.messages);
    return {
      key: span.kind === 'note' ? noteKey(this.context.layout.spans.indexOf(span)) : markerKey(span.seq),
      marks: '',
      signature: `${span.kind}/${text}`,
      elements: 0,
      columns: 0,
      render: () => markerRow(text),
    };
  }
}

function markerText(span: Span, messages: LogMessages): string {
  if (span.kind === 'lost') return messages.lost(span.lines ?? 1);
  if (span.kind === 'gap') return messages.gap(span.lines ?? 0);
  if (span.step?.state === 'skipped') return messages.stepSkipped;
  return span.step?.state === 'running' ? messages.noOutput : messages.stepSilent;
}
