// Fills the store: the end of the log first, then what is looked at, and new lines as they come.

import type { FollowState, LogLine, LogRange, LogSource } from '../types';
import { CHUNK_LINES } from './chunk';
import type { LogStore, StoreChange } from './store';

const TAIL_LINES = 2000;
/** Whoever drags the scroll bar passes thousands of lines that nobody wants. */
const STILLNESS_MS = 40;
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 15_000;
/** Characters that may be held; the text of about a million short lines would be twice that. */
const MOST_CHARACTERS = 48 * 1024 * 1024;

/** First and last line; both are in it. */
export type LineRange = readonly [number, number];

export interface FeedEvents {
  /** `isNew`: they came at the end of a log that is being written. */
  onLines(change: StoreChange, isNew: boolean): void;
  onReady(): void;
  /** The log cannot be loaded; `retry` tries again. */
  onFailure(error: Error): void;
  onConnection(state: FollowState): void;
}

export class Feed {
  readonly #store: LogStore;
  readonly #source: LogSource;
  readonly #events: FeedEvents;
  readonly #abort = new AbortController();
  #following: { close(): void } | null = null;
  #waiting: LogLine[] = [];
  #flushTimer: number | null = null;
  #wanted: readonly LineRange[] = [];
  #wantTimer: ReturnType<typeof setTimeout> | null = null;
  #reading: { first: number; last: number; abort: AbortController } | null = null;
  #failures = 0;
  #isReady = false;

  constructor(store: LogStore, source: LogSource, events: FeedEvents) {
    this.#store = store;
    this.#source = source;
    this.#events = events;
    document.addEventListener('visibilitychange', this.#onVisibility);
  }

  async start(): Promise<void> {
    try {
      const tail = await this.#source.tail(TAIL_LINES, this.#abort.signal);
      this.#isReady = true;
      this.#take(tail, tail.lines[0]?.seq ?? tail.last + 1, tail.last);
      this.#events.onReady();
      if (tail.isComplete) this.#events.onConnection('ended');
      else this.#follow();
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#events.onFailure(asError(error));
    }
  }

  retry(): void {
    this.#failures = 0;
    if (!this.#isReady) void this.start();
    else this.#want();
  }

  close(): void {
    this.#abort.abort();
    this.#reading?.abort.abort();
    this.#following?.close();
    if (this.#wantTimer !== null) clearTimeout(this.#wantTimer);
    if (this.#flushTimer !== null) cancelAnimationFrame(this.#flushTimer);
    document.removeEventListener('visibilitychange', this.#onVisibility);
  }

  /** These lines are looked at. */
  want(ranges: readonly LineRange[]): void {
    this.#wanted = ranges;
    for (const [first, last] of ranges) this.#store.touch(first, last);
    const reading = this.#reading;
    if (reading && !ranges.some(([first, last]) => reading.last >= first && reading.first <= last)) reading.abort.abort();
    if (this.#wantTimer === null && this.#missing() !== null) {
      this.#wantTimer = setTimeout(() => this.#want(), this.#failures === 0 ? STILLNESS_MS : this.#retryDelay());
    }
  }

  #missing(): number | null {
    for (const [first, last] of this.#wanted) {
      const missing = this.#store.firstMissing(first, last);
      if (missing !== null) return missing;
    }
    return null;
  }

  #retryDelay(): number {
    return Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#failures - 1));
  }

  #want(): void {
    this.#wantTimer = null;
    if (this.#reading || this.#abort.signal.aborted) return;
    const missing = this.#missing();
    if (missing !== null) void this.#read(missing);
  }

  async #read(missing: number): Promise<void> {
    const first = Math.floor((missing - 1) / CHUNK_LINES) * CHUNK_LINES + 1;
    const limit = 2 * CHUNK_LINES;
    const last = Math.min(first + limit - 1, this.#store.last);
    const abort = new AbortController();
    this.#reading = { first, last, abort };
    try {
      const range = await this.#source.range({ after: first - 1, limit }, abort.signal);
      this.#failures = 0;
      this.#take(range, first, last);
    } catch (error) {
      if (!abort.signal.aborted) {
        this.#failures++;
        this.#events.onFailure(asError(error));
      }
    } finally {
      this.#reading = null;
      if (!this.#abort.signal.aborted) this.want(this.#wanted);
    }
  }

  /** Lines that were asked for. Those of `[first, last]` that did not come do not exist. */
  #take(range: LogRange, first: number, last: number): void {
    this.#store.extendTo(range.last);
    const change = this.#store.put(range.lines);
    // An answer that was cut short at its end is no proof.
    const proven = range.lines.length > 0 ? range.lines[range.lines.length - 1]!.seq : Math.min(last, range.last);
    let expected = first;
    for (const line of range.lines) {
      if (line.seq > expected) this.#store.noteLost(expected, line.seq - 1);
      expected = line.seq + 1;
    }
    if (range.lines.length === 0 && proven >= first) this.#store.noteLost(first, proven);
    this.#evict();
    this.#events.onLines(change, false);
  }

  #follow(): void {
    this.#following = this.#source.follow(
      this.#store.last,
      (lines) => {
        for (const line of lines) this.#waiting.push(line);
        if (document.hidden) this.#flush();
        else this.#flushTimer ??= requestAnimationFrame(() => this.#flush());
      },
      (state) => {
        // What came before the end is there before the end is told.
        if (state === 'ended') this.#flush();
        this.#events.onConnection(state);
      },
    );
  }

  /** Once per frame; a hidden tab has no frames and only stores. */
  #flush(): void {
    if (this.#flushTimer !== null) cancelAnimationFrame(this.#flushTimer);
    this.#flushTimer = null;
    if (this.#waiting.length === 0) return;
    const lines = this.#waiting;
    this.#waiting = [];
    // Numbers that are left out show as rows that are not loaded, and are read when they are looked at.
    const change = this.#store.put(lines);
    this.#evict();
    if (change.added > 0) this.#events.onLines(change, true);
  }

  readonly #onVisibility = () => this.#flush();

  #evict(): void {
    const first = Math.min(...this.#wanted.map((range) => range[0]));
    const last = Math.max(...this.#wanted.map((range) => range[1]));
    this.#store.evict(MOST_CHARACTERS, first - CHUNK_LINES, last + CHUNK_LINES);
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
