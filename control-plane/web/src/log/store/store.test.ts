import { describe, expect, test } from 'vitest';
import type { LogLine } from '../types';
import { CHUNK_LINES } from './chunk';
import { LogStore } from './store';

function line(seq: number, text = `line ${seq}`, rest: Partial<LogLine> = {}): LogLine {
  return { seq, text, stream: 'stdout', at: 1_700_000_000_000 + seq, ...rest };
}
function lines(first: number, last: number): LogLine[] {
  return Array.from({ length: last - first + 1 }, (_, index) => line(first + index));
}
function everything(store: LogStore): string[] {
  return Array.from({ length: store.last }, (_, index) => store.textOf(index + 1));
}

describe('the store', () => {
  test('holds lines by their numbers, in whatever order parts come', () => {
    const store = new LogStore();
    store.put(lines(2500, 4500));
    store.put(lines(1, 700));
    store.put(lines(1500, 2499));
    expect(store.firstMissing(1, store.last)).toBe(701);
    store.put(lines(701, 1499));
    expect(store.firstMissing(1, store.last)).toBeNull();
    expect(everything(store)).toEqual(Array.from({ length: 4500 }, (_, index) => `line ${index + 1}`));
    expect(store.timeOf(1)).toBe(1_700_000_000_001);
    expect(store.timeOf(4500)).toBe(1_700_000_004_500);
  });

  test('takes each number once', () => {
    const store = new LogStore();
    expect(store.put(lines(1, 100)).added).toBe(100);
    expect(store.put(lines(51, 150))).toEqual({ added: 50, first: 101, last: 150 });
    expect(store.put([line(20, 'another')]).added).toBe(0);
    expect(store.put([line(151), line(151), line(152)]).added).toBe(2);
    expect(everything(store)).toEqual(Array.from({ length: 152 }, (_, index) => `line ${index + 1}`));
    expect(store.loadedCount).toBe(152);
  });

  test('grows line by line', () => {
    const store = new LogStore();
    for (let seq = 1; seq <= 3000; seq++) store.put([line(seq)]);
    expect(everything(store)).toEqual(Array.from({ length: 3000 }, (_, index) => `line ${index + 1}`));
  });

  test('knows streams, steps, levels, pieces and markers', () => {
    const store = new LogStore();
    store.put([
      line(1, 'a', { step: 'install', stream: 'stderr' }),
      line(2, 'error: b', { step: 'build', continued: true }),
      line(3, 'c', { step: 'build', stream: 'system' }),
      line(4, 'error: lost', { lost: 12 }),
    ]);
    expect([1, 2, 3].map((seq) => store.streamOf(seq))).toEqual(['stderr', 'stdout', 'system']);
    expect([1, 2, 4].map((seq) => store.levelOf(seq))).toEqual(['none', 'error', 'none']);
    expect(store.chunkOf(2)!.isContinued(1)).toBe(true);
    expect(store.chunkOf(4)!.isLost(3)).toBe(true);
    expect(store.firstOfStep('build')).toBe(2);
    expect(store.firstOfStep('deploy')).toBeNull();
    expect(store.countErrors(1, 4)).toBe(1);
    expect(store.range({ after: 1, limit: 2 }).lines.map(({ seq, step }) => [seq, step])).toEqual([[2, 'build'], [3, 'build']]);
  });

  test('finds errors far away', () => {
    const store = new LogStore();
    store.put(lines(1, 5000));
    store.put([line(5001, 'error: x'), ...lines(5002, 9000), line(9001, 'error: y')]);
    expect(store.nextOfLevel('error', 0, 1)).toBe(5001);
    expect(store.nextOfLevel('error', 5001, 1)).toBe(9001);
    expect(store.nextOfLevel('error', 9001, 1)).toBeNull();
    expect(store.nextOfLevel('error', 9001, -1)).toBe(5001);
    expect(store.countErrors(1, 9001)).toBe(2);
  });

  test('tells holes of the numbering from what is not loaded', () => {
    const store = new LogStore();
    store.put([...lines(1, 10), ...lines(21, 30)]);
    expect(store.firstMissing(1, 30)).toBe(11);
    store.noteLost(11, 20);
    store.noteLost(11, 20);
    expect(store.firstMissing(1, 30)).toBeNull();
    expect(store.lost).toEqual([{ first: 11, count: 10 }]);
    expect([10, 11, 20, 21].map((seq) => store.isLostNumber(seq))).toEqual([false, true, true, false]);
  });

  test('carries colours over the ends of lines and chunks, but not into our lines or the next step', () => {
    const store = new LogStore();
    const red = '\u001b[31mred';
    store.put([line(1, red, { step: 'build' }), ...lines(2, 2100).map((one) => ({ ...one, step: 'build' }))]);
    store.put([line(2101, 'x', { step: 'deploy' })]);
    expect(store.lookAt(2).foreground).toBe(1);
    expect(store.lookAt(CHUNK_LINES + 1).foreground).toBe(1);
    expect(store.lookAt(2100).foreground).toBe(1);
    expect(store.lookAt(2101).foreground).toBe(-1);
    store.put([line(2102, red, { step: 'deploy', stream: 'system' }), line(2103, 'y', { step: 'deploy' })]);
    expect(store.lookAt(2103).foreground).toBe(-1);
  });

  test('sees a colour that comes with an older part', () => {
    const store = new LogStore();
    store.put(lines(1025, 2048));
    expect(store.lookAt(2000).foreground).toBe(-1);
    store.put([...lines(1, 1023), line(1024, '\u001b[32m')]);
    expect(store.lookAt(2000).foreground).toBe(2);
  });

  test('drops what was not looked at for longest, and takes it again', () => {
    const store = new LogStore();
    for (let first = 1; first <= 40_000; first += 1000) store.put(lines(first, first + 999));
    store.touch(1, 500);
    const before = store.characters;
    expect(store.evict(before / 2, 20_000, 20_100)).toBe(true);
    expect(store.characters).toBeLessThanOrEqual(before / 2);
    expect(store.isLoaded(20_050)).toBe(true);
    expect(store.isLoaded(40_000)).toBe(true);
    expect(store.isLoaded(1)).toBe(true);
    const missing = store.firstMissing(1, store.last)!;
    expect(store.put(lines(missing, missing + 10)).added).toBeGreaterThan(0);
    expect(store.textOf(missing)).toBe(`line ${missing}`);
    expect(store.evict(before, 1, 1)).toBe(false);
  });

  test('is a few chunks and not many lines', () => {
    const store = new LogStore();
    for (let first = 1; first <= 100_000; first += 5000) store.put(lines(first, first + 4999));
    expect([...store.chunks].length).toBe(Math.ceil(100_000 / CHUNK_LINES));
  });
});
