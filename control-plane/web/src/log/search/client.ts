// The page's side of the search: keeps the worker supplied with text, also with lines that nobody has
// looked at yet, and collects what it finds.

import type { LogSource } from '../types';
import { Chunk, CHUNK_LINES } from '../store/chunk';
import { readLines } from '../store/read';
import { chunkIndex, type LogStore } from '../store/store';
import { Hits } from './hits';
import type { FromWorker, ToWorker } from './protocol';
import type { Query } from './query';
import { startWorker } from './start';

/** Without a word from the worker for so long the expression is given up. */
const LONGEST_SILENCE_MS = 1500;
/** Text that the worker may hold, in characters. */
const MOST_CHARACTERS = 160 * 1024 * 1024;
const READ_LINES = 4 * CHUNK_LINES;

export interface SearchState {
  hits: Hits;
  isSearching: boolean;
  /** Lines that are not loaded are being read. */
  isReading: boolean;
  problem: 'bad' | 'slow' | null;
  /** Some lines could not be searched. */
  isIncomplete: boolean;
}

export class SearchClient {
  #worker: Worker | null = null;
  /** What the worker has of each chunk. */
  readonly #sent = new Map<number, { lines: number; characters: number }>();
  #characters = 0;
  #id = 0;
  #query: Query | null = null;
  #silence: ReturnType<typeof setTimeout> | null = null;
  #reading: AbortController | null = null;
  #state: SearchState = emptyState();

  constructor(
    private readonly store: LogStore,
    private readonly source: LogSource,
    private readonly onChange: (state: SearchState) => void,
  ) {}

  get state(): SearchState {
    return this.#state;
  }

  get query(): Query | null {
    return this.#query;
  }

  /** Gives the worker what is loaded, so that it is ready when something is typed. */
  open(): void {
    if (!this.#worker) {
      this.#worker = startWorker();
      this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#hear(data);
    }
    this.linesCame();
    void this.#readMissing();
  }

  close(): void {
    this.search(null, 1);
    this.#reading?.abort();
  }

  destroy(): void {
    this.#reading?.abort();
    this.#end();
  }

  /** New or older lines are in the store. */
  linesCame(): void {
    if (!this.#worker) return;
    for (const chunk of this.store.chunks) this.#send(chunk);
  }

  #send(chunk: Chunk): void {
    const index = (chunk.first - 1) / CHUNK_LINES;
    const sent = this.#sent.get(index) ?? { lines: 0, characters: 0 };
    if (chunk.loadedCount <= sent.lines || this.#characters > MOST_CHARACTERS) return;
    this.#sent.set(index, { lines: chunk.loadedCount, characters: chunk.text.length });
    this.#characters += chunk.text.length - sent.characters;
    this.#say({ kind: 'chunk', index, text: chunk.text, offsets: chunk.offsets });
  }

  /** Null ends the search. `near` is the line from which on results come first. */
  search(query: Query | null, near: number): void {
    this.#query = query;
    this.#id++;
    this.#watch(false);
    this.#state = { ...emptyState(), isReading: this.#state.isReading, isIncomplete: this.#state.isIncomplete };
    if (query && query.text !== '') {
      this.open();
      this.#state.isSearching = true;
      this.#watch(true);
    }
    this.#say({ kind: 'search', id: this.#id, query, from: Math.floor((near - 1) / CHUNK_LINES) });
    this.onChange(this.#state);
  }

  #say(message: ToWorker): void {
    this.#worker?.postMessage(message);
  }

  #hear(message: FromWorker): void {
    if (message.id !== this.#id) return;
    if (message.kind === 'alive') return this.#watch(true);
    if (message.kind === 'refused') {
      this.#watch(false);
      this.#state = { ...this.#state, hits: new Hits(), isSearching: false, problem: message.reason };
    } else {
      this.#watch(!message.isDone);
      for (const { index, hits } of message.chunks) this.#state.hits.put(index, hits);
      this.#state = { ...this.#state, isSearching: !message.isDone };
    }
    this.onChange(this.#state);
  }

  /** An expression that is stuck in one line cannot be stopped but with its worker. */
  #watch(isOn: boolean): void {
    if (this.#silence !== null) clearTimeout(this.#silence);
    this.#silence = null;
    if (!isOn) return;
    this.#silence = setTimeout(() => {
      this.#end();
      this.#state = { ...emptyState(), problem: 'slow' };
      this.onChange(this.#state);
    }, LONGEST_SILENCE_MS);
  }

  #end(): void {
    this.#watch(false);
    this.#worker?.terminate();
    this.#worker = null;
    this.#sent.clear();
    this.#characters = 0;
  }

  /** Reads what is not loaded, for the worker only: the page need not hold it. */
  async #readMissing(): Promise<void> {
    if (this.#reading) return;
    const abort = new AbortController();
    this.#reading = abort;
    this.#tellReading(true, false);
    let isIncomplete = false;
    try {
      // From the end: what is near is wanted first.
      for (let last = this.store.last; last >= 1 && this.#characters <= MOST_CHARACTERS; ) {
        const index = Math.floor((last - 1) / CHUNK_LINES);
        const first = index * CHUNK_LINES + 1;
        const known = this.#sent.get(index)?.lines ?? 0;
        if (known >= CHUNK_LINES || this.store.firstMissing(first, last) === null) last = first - 1;
        else last = await this.#readBefore(first + CHUNK_LINES, abort.signal);
      }
      isIncomplete = this.#characters > MOST_CHARACTERS;
    } catch {
      isIncomplete = !abort.signal.aborted;
    } finally {
      this.#reading = null;
      this.#tellReading(false, isIncomplete);
    }
  }

  /** Reads whole chunks that end before `end`; says the last line that is still to be looked at. */
  async #readBefore(end: number, signal: AbortSignal): Promise<number> {
    const first = Math.max(1, end - READ_LINES);
    const chunks = new Map<number, Chunk>();
    for await (const lines of readLines(this.source, first, end - 1, signal)) {
      for (const line of lines) {
        const index = chunkIndex(line.seq);
        let chunk = chunks.get(index);
        if (!chunk) chunks.set(index, (chunk = new Chunk(index * CHUNK_LINES + 1)));
        chunk.put([line], line.at, () => 0);
      }
    }
    for (const chunk of chunks.values()) this.#send(chunk);
    return first - 1;
  }

  #tellReading(isReading: boolean, isIncomplete: boolean): void {
    this.#state = { ...this.#state, isReading, isIncomplete };
    this.onChange(this.#state);
  }
}

function emptyState(): SearchState {
  return { hits: new Hits(), isSearching: false, isReading: false, problem: null, isIncomplete: false };
}
