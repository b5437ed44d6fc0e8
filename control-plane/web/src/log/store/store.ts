// The lines of one deployment, as far as they are loaded. Knows numbers, not rows: what is folded or
// filtered is the layout's business.

import type { Level, LogLine, LogRange, RangeQuery, Stream } from '../types';
import { groupMark } from '../text/level';
import { PLAIN, type Style } from '../text/style';
import { Chunk, CHUNK_LINES, UNKNOWN_STEP } from './chunk';

/** A group mark in the text; `opens` is false for the end. */
export interface GroupLine {
  seq: number;
  opens: boolean;
  name: string;
}

/** Marks behind these are lines like any other. */
const MOST_GROUP_LINES = 20_000;

export interface StoreChange {
  /** Lines that were not here before. */
  added: number;
  /** The lowest of them. */
  first: number;
  last: number;
}

export class LogStore {
  readonly #chunks = new Map<number, Chunk>();
  readonly #stepNames: string[] = [];
  /** In ascending order. */
  readonly groupLines: GroupLine[] = [];
  /** Lowest number seen of each step, by index. */
  readonly #stepFirst: number[] = [];
  #last = 0;
  #baseTime: number | null = null;
  #characters = 0;
  #loaded = 0;
  #clock = 0;
  /** Holes of the numbering: lines that will never come. */
  readonly #lost: { first: number; count: number }[] = [];

  /** Number of the last line that exists, loaded or not. */
  get last(): number {
    return this.#last;
  }

  /** Characters that are held. */
  get characters(): number {
    return this.#characters;
  }

  get loadedCount(): number {
    return this.#loaded;
  }

  get lost(): readonly { first: number; count: number }[] {
    return this.#lost;
  }

  get chunks(): IterableIterator<Chunk> {
    return this.#chunks.values();
  }

  /** The log is known to reach to `last`. */
  extendTo(last: number): void {
    this.#last = Math.max(this.#last, last);
  }

  /** Takes lines in ascending order. Those that are here already are dropped: numbers are unique. */
  put(lines: readonly LogLine[]): StoreChange {
    const change: StoreChange = { added: 0, first: Infinity, last: 0 };
    let at = 0;
    while (at < lines.length) {
      const index = chunkIndex(lines[at]!.seq);
      let end = at + 1;
      while (end < lines.length && chunkIndex(lines[end]!.seq) === index) end++;
      this.#putIn(index, lines.slice(at, end), change);
      at = end;
    }
    return change;
  }

  #putIn(index: number, lines: LogLine[], change: StoreChange): void {
    let chunk = this.#chunks.get(index);
    if (!chunk) {
      chunk = new Chunk(index * CHUNK_LINES + 1);
      this.#chunks.set(index, chunk);
    }
    const own = chunk;
    let before = 0;
    const fresh = lines.filter((line) => {
      const isNew = line.seq > before && !own.isLoaded(line.seq - own.first);
      before = Math.max(before, line.seq);
      return isNew;
    });
    if (fresh.length === 0) return;
    this.#baseTime ??= fresh[0]!.at;
    const characters = own.text.length;
    own.put(fresh, this.#baseTime, (name) => this.#stepIndex(name));
    own.usedAt = ++this.#clock;
    this.#characters += own.text.length - characters;
    this.#loaded += fresh.length;
    change.added += fresh.length;
    change.first = Math.min(change.first, fresh[0]!.seq);
    change.last = Math.max(change.last, fresh[fresh.length - 1]!.seq);
    this.extendTo(change.last);
    for (const line of fresh) this.#note(line);
    this.#forgetLooksBehind(index);
  }

  #note(line: LogLine): void {
    if (line.step != null) this.noteStep(line.step, line.seq);
    const mark = line.stream === 'system' ? null : groupMark(line.text);
    if (mark && this.groupLines.length < MOST_GROUP_LINES) {
      const at = lowerBound(this.groupLines.length, (index) => this.groupLines[index]!.seq >= line.seq);
      if (this.groupLines[at]?.seq === line.seq) return;
      this.groupLines.splice(at, 0, { seq: line.seq, opens: mark.opens, name: mark.opens ? mark.name : '' });
    }
  }

  /** A chunk that was read later may leave a colour to those behind it. */
  #forgetLooksBehind(index: number): void {
    if (!this.#chunks.has(index + 1)) return;
    for (const [other, chunk] of this.#chunks) if (other > index) chunk.forgetLooks();
  }

  #stepIndex(name: string): number {
    const known = this.#stepNames.indexOf(name);
    if (known >= 0) return known;
    if (this.#stepNames.length >= UNKNOWN_STEP) return UNKNOWN_STEP;
    return this.#stepNames.push(name) - 1;
  }

  /** A line of the step is known to be at `seq`. */
  noteStep(name: string, seq: number): void {
    const index = this.#stepIndex(name);
    if (index !== UNKNOWN_STEP) this.#stepFirst[index] = Math.min(this.#stepFirst[index] ?? Infinity, seq);
  }

  /** The lowest line that is known to be of the step; null when none is. */
  firstOfStep(name: string): number | null {
    return this.#stepFirst[this.#stepNames.indexOf(name)] ?? null;
  }

  /** Lines `first` to `last` do not exist and never will. */
  noteLost(first: number, last: number): void {
    const at = lowerBound(this.#lost.length, (index) => this.#lost[index]!.first >= first);
    if (this.#lost[at]?.first === first) return;
    this.#lost.splice(at, 0, { first, count: last - first + 1 });
    this.extendTo(last);
  }

  isLostNumber(seq: number): boolean {
    const at = lowerBound(this.#lost.length, (index) => this.#lost[index]!.first > seq) - 1;
    const hole = this.#lost[at];
    return hole !== undefined && seq < hole.first + hole.count;
  }

  /** Null when the line is not loaded. */
  chunkOf(seq: number): Chunk | null {
    const chunk = this.#chunks.get(chunkIndex(seq));
    return chunk && chunk.isLoaded(seq - chunk.first) ? chunk : null;
  }

  isLoaded(seq: number): boolean {
    return this.chunkOf(seq) !== null;
  }

  textOf(seq: number): string {
    const chunk = this.chunkOf(seq);
    return chunk ? chunk.textOf(seq - chunk.first) : '';
  }

  levelOf(seq: number): Level {
    const chunk = this.chunkOf(seq);
    return chunk ? chunk.levelOf(seq - chunk.first) : 'none';
  }

  streamOf(seq: number): Stream {
    const chunk = this.chunkOf(seq);
    return chunk ? chunk.streamOf(seq - chunk.first) : 'stdout';
  }

  /** Milliseconds since 1970; null when the line is not loaded. */
  timeOf(seq: number): number | null {
    const chunk = this.chunkOf(seq);
    return chunk && this.#baseTime !== null ? this.#baseTime + chunk.times[seq - chunk.first]! : null;
  }

  /** The look with which a line begins, from the loaded lines before it. */
  lookAt(seq: number): Style {
    const index = chunkIndex(seq);
    const chunk = this.#chunks.get(index);
    if (!chunk) return PLAIN;
    let from = index;
    while (from > 0 && (this.#chunks.get(from - 1)?.loadedCount ?? 0) > 0) from--;
    let look = PLAIN;
    for (let at = from; at < index; at++) look = this.#chunks.get(at)!.lookAtEnd(look);
    return chunk.lookAt(seq - chunk.first, look);
  }

  /** The first line in `[first, last]` that is neither loaded nor lost; null when there is none. */
  firstMissing(first: number, last: number): number | null {
    for (let seq = Math.max(1, first); seq <= Math.min(last, this.#last); seq++) {
      const chunk = this.#chunks.get(chunkIndex(seq));
      if (chunk?.loadedCount === CHUNK_LINES) seq = chunk.first + CHUNK_LINES - 1;
      else if (!chunk?.isLoaded(seq - chunk.first) && !this.isLostNumber(seq)) return seq;
    }
    return null;
  }

  /** The nearest line of the level behind (or before) `seq` that is loaded; null when there is none. */
  nextOfLevel(level: Level, seq: number, direction: 1 | -1): number | null {
    for (let at = seq + direction; at >= 1 && at <= this.#last; at += direction) {
      const chunk = this.#chunks.get(chunkIndex(at));
      if (!chunk || (level === 'error' && chunk.errorCount === 0)) {
        const first = chunkIndex(at) * CHUNK_LINES + 1;
        at = direction > 0 ? first + CHUNK_LINES - 1 : first;
      } else if (chunk.isLoaded(at - chunk.first) && chunk.levelOf(at - chunk.first) === level) return at;
    }
    return null;
  }

  /** Errors among the loaded lines of `[first, last]`. */
  countErrors(first: number, last: number): number {
    let count = 0;
    for (let index = chunkIndex(first); index <= chunkIndex(last); index++) {
      const chunk = this.#chunks.get(index);
      if (!chunk || chunk.errorCount === 0) continue;
      const from = Math.max(first, chunk.first) - chunk.first;
      const to = Math.min(last, chunk.first + CHUNK_LINES - 1) - chunk.first;
      if (from === 0 && to === CHUNK_LINES - 1) count += chunk.errorCount;
      else for (let slot = from; slot <= to; slot++) if (chunk.levelOf(slot) === 'error') count++;
    }
    return count;
  }

  /** As a source would answer, from what is here. */
  range(query: RangeQuery): LogRange {
    const first = 'after' in query ? query.after + 1 : Math.max(1, query.before - query.limit);
    const last = Math.min(this.#last, first + query.limit - 1, 'after' in query ? Infinity : query.before - 1);
    const lines: LogLine[] = [];
    for (let seq = first; seq <= last; seq++) {
      const chunk = this.chunkOf(seq);
      if (!chunk) continue;
      const slot = seq - chunk.first;
      const step = this.#stepNames[chunk.steps[slot]!] ?? null;
      lines.push({
        seq,
        step,
        stream: chunk.streamOf(slot),
        at: this.timeOf(seq) ?? 0,
        text: chunk.textOf(slot),
        ...(chunk.isContinued(slot) ? { continued: true } : {}),
      });
    }
    return { lines, last: this.#last, isComplete: false };
  }

  /** Lines in `[first, last]` are on the screen: they go last when room is made. */
  touch(first: number, last: number): void {
    const now = ++this.#clock;
    for (let index = chunkIndex(first); index <= chunkIndex(last); index++) {
      const chunk = this.#chunks.get(index);
      if (chunk) chunk.usedAt = now;
    }
  }

  /**
   * Drops the chunks that were not looked at for longest until at most `mostCharacters` are held. What is
   * in `[keepFirst, keepLast]` and the end of the log stay. Says whether something was dropped.
   */
  evict(mostCharacters: number, keepFirst: number, keepLast: number): boolean {
    if (this.#characters <= mostCharacters) return false;
    const tail = chunkIndex(this.#last) - 1;
    const candidates = [...this.#chunks.entries()]
      .filter(([index]) => index < tail && (index > chunkIndex(keepLast) || index < chunkIndex(keepFirst)))
      .sort(([, a], [, b]) => a.usedAt - b.usedAt);
    let hasDropped = false;
    for (const [index, chunk] of candidates) {
      if (this.#characters <= mostCharacters * 0.8) break;
      this.#characters -= chunk.text.length;
      this.#loaded -= chunk.loadedCount;
      this.#chunks.delete(index);
      hasDropped = true;
    }
    return hasDropped;
  }
}

export function chunkIndex(seq: number): number {
  return Math.floor((seq - 1) / CHUNK_LINES);
}

/** The first index for which `isAtLeast` holds; `length` when there is none. */
export function lowerBound(length: number, isAtLeast: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isAtLeast(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
