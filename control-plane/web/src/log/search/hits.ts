// All matches of a search, by chunks, in the order of the log.

import { CHUNK_LINES } from '../store/chunk';
import { chunkIndex, lowerBound } from '../store/store';
import type { ChunkHits } from './engine';

export interface Hit {
  seq: number;
  start: number;
  length: number;
}

/** Behind these, matches are neither shown nor counted. */
export const MOST_HITS = 200_000;

export class Hits {
  readonly #byChunk = new Map<number, ChunkHits>();
  #sorted: number[] | null = null;
  total = 0;

  get isFull(): boolean {
    return this.total >= MOST_HITS;
  }

  put(index: number, hits: ChunkHits): void {
    this.total -= (this.#byChunk.get(index)?.length ?? 0) / 3;
    const room = Math.max(0, MOST_HITS - this.total);
    const kept = hits.length / 3 > room ? hits.slice(0, room * 3) : hits;
    if (kept.length > 0) this.#byChunk.set(index, kept);
    else this.#byChunk.delete(index);
    this.total += kept.length / 3;
    this.#sorted = null;
  }

  get #indexes(): number[] {
    return (this.#sorted ??= [...this.#byChunk.keys()].sort((a, b) => a - b));
  }

  /** The matches of one line. */
  of(seq: number): Hit[] {
    const index = chunkIndex(seq);
    const hits = this.#byChunk.get(index);
    if (!hits) return [];
    const slot = seq - 1 - index * CHUNK_LINES;
    const found: Hit[] = [];
    for (let at = lowerBound(hits.length / 3, (one) => hits[one * 3]! >= slot); hits[at * 3] === slot; at++) found.push(hitAt(index, hits, at));
    return found;
  }

  /** The first match at or behind a place; from the start of the log when there is none. */
  atOrBehind(seq: number, start: number): Hit | null {
    for (const index of this.#indexes) {
      if (index < chunkIndex(seq)) continue;
      const hits = this.#byChunk.get(index)!;
      const slot = seq - 1 - index * CHUNK_LINES;
      const at = lowerBound(hits.length / 3, (one) => isAtLeast(hits, one, slot, start));
      if (at < hits.length / 3) return hitAt(index, hits, at);
    }
    return this.#edge(1);
  }

  /** The last match before a place; from the end of the log when there is none. */
  before(seq: number, start: number): Hit | null {
    const indexes = this.#indexes;
    for (let position = indexes.length - 1; position >= 0; position--) {
      const index = indexes[position]!;
      if (index > chunkIndex(seq)) continue;
      const hits = this.#byChunk.get(index)!;
      const slot = seq - 1 - index * CHUNK_LINES;
      const at = lowerBound(hits.length / 3, (one) => isAtLeast(hits, one, slot, start));
      if (at > 0) return hitAt(index, hits, at - 1);
    }
    return this.#edge(-1);
  }

  #edge(direction: 1 | -1): Hit | null {
    const index = direction > 0 ? this.#indexes[0] : this.#indexes[this.#indexes.length - 1];
    if (index === undefined) return null;
    const hits = this.#byChunk.get(index)!;
    return hitAt(index, hits, direction > 0 ? 0 : hits.length / 3 - 1);
  }

  /** Which one it is, counted from 1. */
  position(hit: Hit): number {
    let before = 0;
    for (const index of this.#indexes) {
      const hits = this.#byChunk.get(index)!;
      if (index < chunkIndex(hit.seq)) before += hits.length / 3;
      else {
        const slot = hit.seq - 1 - index * CHUNK_LINES;
        return before + lowerBound(hits.length / 3, (one) => isAtLeast(hits, one, slot, hit.start)) + 1;
      }
    }
    return before;
  }

  /** Lines with a match, ascending. */
  lines(): number[] {
    const found: number[] = [];
    for (const index of this.#indexes) {
      const hits = this.#byChunk.get(index)!;
      for (let at = 0; at < hits.length; at += 3) {
        const seq = index * CHUNK_LINES + 1 + hits[at]!;
        if (found[found.length - 1] !== seq) found.push(seq);
      }
    }
    return found;
  }
}

function hitAt(index: number, hits: ChunkHits, at: number): Hit {
  return { seq: index * CHUNK_LINES + 1 + hits[at * 3]!, start: hits[at * 3 + 1]!, length: hits[at * 3 + 2]! };
}

function isAtLeast(hits: ChunkHits, at: number, slot: number, start: number): boolean {
  const own = hits[at * 3]!;
  return own > slot || (own === slot && hits[at * 3 + 1]! >= start);
}
