// What is shown in which order: headers of steps and groups, runs of lines between them, and markers.
// A run is one record whatever its length.

import type { GroupLine, LogStore } from '../store/store';
import { lowerBound } from '../store/store';
import type { LogStep } from '../types';

export type SpanKind = 'lines' | 'step' | 'group' | 'note' | 'lost' | 'gap';

export interface SpanSpec {
  kind: SpanKind;
  /** Of the first line; for a header, of the first line below it. */
  seq: number;
  /** Rows; more than one only for lines. */
  count: number;
  /** Of `step` and `note`. */
  step?: LogStep;
  /** Of `step`, `group` and `lost`: how many lines it stands for. */
  lines?: number;
  name?: string;
  isOpen?: boolean;
}

export interface Section {
  step: LogStep;
  first: number;
  /** Below `first` when the step has no line. */
  last: number;
}

export interface Group {
  /** The line with the opening mark; it becomes the header. */
  seq: number;
  /** The last line that is inside; the closing mark when there is one. */
  last: number;
  name: string;
  isClosed: boolean;
}

/** The steps that have begun, with the lines that are theirs. Lines before the first are nobody's. */
export function sections(store: LogStore, steps: readonly LogStep[]): Section[] {
  const begun = steps.filter((step) => step.state !== 'pending');
  const found: Section[] = [];
  // From the end: a step without lines begins where the next one does.
  let next = store.last + 1;
  for (const step of [...begun].reverse()) {
    const first = Math.min(step.firstLine ?? store.firstOfStep(step.name) ?? next, next);
    found.push({ step, first, last: next - 1 });
    next = first;
  }
  return found.reverse();
}

/** Groups do not nest: an opening mark ends the group before it, and so does the end of the step. */
export function groups(marks: readonly GroupLine[], first: number, last: number): Group[] {
  const found: Group[] = [];
  let open: Group | null = null;
  const from = lowerBound(marks.length, (index) => marks[index]!.seq >= first);
  for (let at = from; at < marks.length && marks[at]!.seq <= last; at++) {
    const mark = marks[at]!;
    if (mark.opens) {
      if (open) found.push({ ...open, last: mark.seq - 1, isClosed: true });
      open = { seq: mark.seq, last, name: mark.name, isClosed: false };
    } else if (open) {
      found.push({ ...open, last: mark.seq, isClosed: true });
      open = null;
    }
  }
  if (open) found.push(open);
  return found;
}

/** Who says which steps and groups are open. */
export interface Folding {
  isStepOpen(section: Section): boolean;
  isGroupOpen(group: Group, section: Section | null): boolean;
}

export function groupedSpans(store: LogStore, steps: readonly LogStep[], folding: Folding): SpanSpec[] {
  const spans: SpanSpec[] = [];
  const found = sections(store, steps);
  const before = (found[0]?.first ?? store.last + 1) - 1;
  addLines(spans, store, null, 1, before, folding);
  for (const section of found) {
    const { step, first, last } = section;
    const isOpen = folding.isStepOpen(section);
    spans.push({ kind: 'step', seq: first, count: 1, step, lines: last - first + 1, isOpen });
    if (!isOpen) continue;
    if (last < first) spans.push({ kind: 'note', seq: first, count: 1, step });
    else addLines(spans, store, section, first, last, folding);
  }
  return spans;
}

function addLines(spans: SpanSpec[], store: LogStore, section: Section | null, first: number, last: number, folding: Folding): void {
  let next = first;
  for (const group of groups(store.groupLines, first, last)) {
    addRun(spans, store, next, group.seq - 1);
    const isOpen = folding.isGroupOpen(group, section);
    // The closing mark is not shown.
    const lastShown = group.isClosed && isClosingMark(store, group.last) ? group.last - 1 : group.last;
    spans.push({ kind: 'group', seq: group.seq, count: 1, name: group.name, lines: lastShown - group.seq, isOpen });
    if (isOpen) addRun(spans, store, group.seq + 1, lastShown);
    next = group.last + 1;
  }
  addRun(spans, store, next, last);
}

function isClosingMark(store: LogStore, seq: number): boolean {
  const marks = store.groupLines;
  const mark = marks[lowerBound(marks.length, (index) => marks[index]!.seq >= seq)];
  return mark?.seq === seq && !mark.opens;
}

/** Lines, with one marker for each hole in their numbers. */
function addRun(spans: SpanSpec[], store: LogStore, first: number, last: number): void {
  let next = first;
  for (const hole of store.lost) {
    const end = hole.first + hole.count - 1;
    if (end < next) continue;
    if (hole.first > last) break;
    if (hole.first > next) spans.push({ kind: 'lines', seq: next, count: hole.first - next });
    spans.push({ kind: 'lost', seq: Math.max(hole.first, next), count: 1, lines: hole.count });
    next = end + 1;
  }
  if (next <= last) spans.push({ kind: 'lines', seq: next, count: last - next + 1 });
}

/** Only the lines of `seqs` (ascending), with `context` lines around each. */
export function filteredSpans(seqs: ArrayLike<number>, context: number, last: number): SpanSpec[] {
  const spans: SpanSpec[] = [];
  let first = 0;
  let end = 0;
  const add = () => {
    if (first === 0) return;
    const behind = spans.length > 0 ? spans[spans.length - 1]! : null;
    const shownTo = behind ? behind.seq + behind.count - 1 : 0;
    if (first > shownTo + 1) spans.push({ kind: 'gap', seq: first, count: 1, lines: first - shownTo - 1 });
    spans.push({ kind: 'lines', seq: first, count: end - first + 1 });
  };
  for (let at = 0; at < seqs.length; at++) {
    const from = Math.max(1, seqs[at]! - context);
    const to = Math.min(last, seqs[at]! + context);
    if (first !== 0 && from <= end + 1) end = Math.max(end, to);
    else {
      add();
      first = from;
      end = to;
    }
  }
  add();
  return spans;
}
