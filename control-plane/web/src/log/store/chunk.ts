// 1,024 lines side by side: one text, and typed arrays for what else is known of each. A line is no
// object, so a million of them are a thousand chunks.

import type { Level, LogLine, Stream } from '../types';
import { levelOf } from '../text/level';
import { styleAfter } from '../text/ansi';
import { PLAIN, styleOf, type Style } from '../text/style';

export const CHUNK_LINES = 1024;
export const UNKNOWN_STEP = 255;

const LOADED = 1;
const CONTINUED = 2;
const LOST = 4;
const STREAM_SHIFT = 3;
const LEVEL_SHIFT = 5;
const STREAMS: readonly Stream[] = ['stdout', 'stderr', 'system'];
const LEVELS: readonly Level[] = ['none', 'warning', 'error'];

export class Chunk {
  /** Of all its lines, one after the other. */
  text = '';
  /** Where each line begins; the last is where the text ends. */
  readonly offsets = new Uint32Array(CHUNK_LINES + 1);
  /** Milliseconds since the base time of the store. */
  readonly times = new Int32Array(CHUNK_LINES);
  readonly flags = new Uint8Array(CHUNK_LINES);
  readonly steps = new Uint8Array(CHUNK_LINES).fill(UNKNOWN_STEP);
  /** How many screen lines a wrapped line takes, measured; 0 where it was not. */
  heights: Uint16Array | null = null;
  loadedCount = 0;
  errorCount = 0;
  /** When it was last shown, for eviction. */
  usedAt = 0;
  #end = 0;
  /** Looks at the start of each line; null until asked for. */
  #looks: Uint16Array | null = null;
  #looksDone = 0;

  constructor(/** Number of its first line. */ readonly first: number) {}

  isLoaded(slot: number): boolean {
    return (this.flags[slot]! & LOADED) !== 0;
  }

  isContinued(slot: number): boolean {
    return (this.flags[slot]! & CONTINUED) !== 0;
  }

  isLost(slot: number): boolean {
    return (this.flags[slot]! & LOST) !== 0;
  }

  streamOf(slot: number): Stream {
    return STREAMS[(this.flags[slot]! >> STREAM_SHIFT) & 3]!;
  }

  levelOf(slot: number): Level {
    return LEVELS[(this.flags[slot]! >> LEVEL_SHIFT) & 3]!;
  }

  textOf(slot: number): string {
    return this.text.slice(this.offsets[slot]!, this.offsets[slot + 1]!);
  }

  /** Characters of a line, without making its text. */
  lengthOf(slot: number): number {
    return this.offsets[slot + 1]! - this.offsets[slot]!;
  }

  /** Puts in lines of this chunk; those that are here already stay as they are. Says how many were new. */
  put(lines: readonly LogLine[], baseTime: number, stepIndex: (name: string) => number): number {
    const first = lines[0];
    if (!first) return 0;
    const isBehind = first.seq - this.first >= this.#end;
    return isBehind ? this.#append(lines, baseTime, stepIndex) : this.#merge(lines, baseTime, stepIndex);
  }

  #append(lines: readonly LogLine[], baseTime: number, stepIndex: (name: string) => number): number {
    let added = '';
    let length = this.text.length;
    for (const line of lines) {
      const slot = line.seq - this.first;
      this.offsets.fill(length, this.#end, slot + 1);
      this.#describe(slot, line, baseTime, stepIndex);
      added += line.text;
      length += line.text.length;
      this.#end = slot + 1;
    }
    this.text += added;
    this.offsets.fill(length, this.#end);
    return lines.length;
  }

  #merge(lines: readonly LogLine[], baseTime: number, stepIndex: (name: string) => number): number {
    const texts: string[] = [];
    for (let slot = 0; slot < this.#end; slot++) texts[slot] = this.textOf(slot);
    let count = 0;
    for (const line of lines) {
      const slot = line.seq - this.first;
      if (this.isLoaded(slot)) continue;
      texts[slot] = line.text;
      this.#describe(slot, line, baseTime, stepIndex);
      this.#end = Math.max(this.#end, slot + 1);
      count++;
    }
    let length = 0;
    for (let slot = 0; slot < CHUNK_LINES; slot++) {
      this.offsets[slot] = length;
      length += texts[slot]?.length ?? 0;
    }
    this.offsets[CHUNK_LINES] = length;
    this.text = texts.join('');
    this.forgetLooks();
    return count;
  }

  #describe(slot: number, line: LogLine, baseTime: number, stepIndex: (name: string) => number): void {
    const level = line.lost === undefined ? levelOf(line.text) : 'none';
    if (level === 'error') this.errorCount++;
    this.times[slot] = line.at - baseTime;
    this.steps[slot] = line.step == null ? UNKNOWN_STEP : stepIndex(line.step);
    this.flags[slot] =
      LOADED |
      (line.continued ? CONTINUED : 0) |
      (line.lost === undefined ? 0 : LOST) |
      (STREAMS.indexOf(line.stream) << STREAM_SHIFT) |
      (LEVELS.indexOf(level) << LEVEL_SHIFT);
    if (this.heights) this.heights[slot] = 0;
    this.loadedCount++;
  }

  /** The look with which a line begins, when the chunk begins with `start`. */
  lookAt(slot: number, start: Style): Style {
    if (!this.text.includes('\u001b')) return this.#isNewStep(0, slot) ? PLAIN : start;
    this.#scanLooks(slot, start);
    return styleOf(this.#looks![slot]!);
  }

  #isNewStep(from: number, to: number): boolean {
    for (let slot = from + 1; slot <= to; slot++) if (this.#beginsStep(slot)) return true;
    return false;
  }

  #beginsStep(slot: number): boolean {
    return slot > 0 && this.steps[slot] !== this.steps[slot - 1] && this.isLoaded(slot) && this.isLoaded(slot - 1);
  }

  /** Colours go on over line ends, but neither into our own lines nor into the next step. */
  #scanLooks(slot: number, start: Style): void {
    if (!this.#looks || (this.#looksDone > 0 && this.#looks[0] !== start.id)) {
      this.#looks = new Uint16Array(CHUNK_LINES + 1);
      this.#looks[0] = start.id;
      this.#looksDone = 0;
    }
    const looks = this.#looks;
    looks[0] = start.id;
    for (let at = this.#looksDone; at < slot; at++) {
      const isOurs = this.streamOf(at) === 'system' || !this.isLoaded(at);
      const after = isOurs ? styleOf(looks[at]!) : styleAfter(this.textOf(at), styleOf(looks[at]!));
      looks[at + 1] = this.#beginsStep(at + 1) ? PLAIN.id : after.id;
    }
    this.#looksDone = Math.max(this.#looksDone, slot);
  }

  /** The look with which the chunk behind this one begins. */
  lookAtEnd(start: Style): Style {
    return this.lookAt(CHUNK_LINES, start);
  }

  forgetLooks(): void {
    this.#looks = null;
    this.#looksDone = 0;
  }
}
