// Searches text that it keeps by chunks. Runs in a worker; has no idea of that.

import { isPlain, plainText } from '../text/ansi';
import type { Matcher } from './query';

/** In one line; who repeats a letter a million times is found a thousand times. */
const MOST_PER_LINE = 1000;
const LONGEST_CHUNK_MS = 250;

interface SearchedChunk {
  /** As shown, without escape sequences. */
  text: string;
  offsets: Uint32Array;
}

/** Three numbers for each match: slot of the line in its chunk, first character, length. */
export type ChunkHits = Uint32Array;

export class SearchEngine {
  readonly #chunks = new Map<number, SearchedChunk>();
  characters = 0;

  get indexes(): number[] {
    return [...this.#chunks.keys()].sort((a, b) => a - b);
  }

  /** Takes (or replaces) a chunk; `offsets` has one more entry than there are lines. */
  put(index: number, text: string, offsets: Uint32Array): void {
    this.characters -= this.#chunks.get(index)?.text.length ?? 0;
    const chunk = isPlain(text) ? { text, offsets } : cleaned(text, offsets);
    this.#chunks.set(index, chunk);
    this.characters += chunk.text.length;
  }

  /** Null when the expression takes too long. */
  search(index: number, matcher: Matcher): ChunkHits | null {
    const chunk = this.#chunks.get(index);
    if (!chunk) return new Uint32Array(0);
    return matcher.isLiteral ? searchAtOnce(chunk, matcher) : searchByLine(chunk, matcher);
  }
}

function cleaned(text: string, offsets: Uint32Array): SearchedChunk {
  const own = new Uint32Array(offsets.length);
  const lines: string[] = [];
  let length = 0;
  for (let slot = 0; slot + 1 < offsets.length; slot++) {
    const line = plainText(text.slice(offsets[slot]!, offsets[slot + 1]!));
    own[slot] = length;
    length += line.length;
    lines.push(line);
  }
  own[offsets.length - 1] = length;
  return { text: lines.join(''), offsets: own };
}

function searchAtOnce({ text, offsets }: SearchedChunk, matcher: Matcher): ChunkHits {
  const prepared = matcher.prepare(text);
  const hits: number[] = [];
  let slot = 0;
  let inLine = 0;
  for (let found = matcher.find(prepared, 0); found; ) {
    while (offsets[slot + 1]! <= found.start) {
      slot++;
      inLine = 0;
    }
    const lineEnd = offsets[slot + 1]!;
    let next = found.end;
    if (found.end > lineEnd) next = found.start + 1;
    else {
      hits.push(slot, found.start - offsets[slot]!, found.end - found.start);
      if (++inLine >= MOST_PER_LINE) next = lineEnd;
    }
    found = matcher.find(prepared, next);
  }
  return Uint32Array.from(hits);
}

function searchByLine({ text, offsets }: SearchedChunk, matcher: Matcher): ChunkHits | null {
  const hits: number[] = [];
  const began = performance.now();
  for (let slot = 0; slot + 1 < offsets.length; slot++) {
    if (performance.now() - began > LONGEST_CHUNK_MS) return null;
    if (offsets[slot] === offsets[slot + 1]) continue;
    const line = matcher.prepare(text.slice(offsets[slot]!, offsets[slot + 1]!));
    let inLine = 0;
    for (let found = matcher.find(line, 0); found && inLine < MOST_PER_LINE; found = matcher.find(line, found.end)) {
      hits.push(slot, found.start, found.end - found.start);
      inLine++;
    }
  }
  return Uint32Array.from(hits);
}
