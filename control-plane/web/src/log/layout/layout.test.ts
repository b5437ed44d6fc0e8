import { describe, expect, test } from 'vitest';
import { LogStore } from '../store/store';
import type { LogLine, LogStep } from '../types';
import { Fenwick } from './fenwick';
import { Layout } from './layout';
import { HIGHEST_PX, ScrollMap } from './scroll';
import { filteredSpans, groupedSpans, groups, sections, type Folding } from './spans';

const METRICS = { line: 20, step: 32, group: 24 };
const OPEN: Folding = { isStepOpen: () => true, isGroupOpen: () => true };
const step = (name: string, state: LogStep['state'] = 'done', firstLine?: number): LogStep => ({ name, title: name, state, ...(firstLine === undefined ? {} : { firstLine }) });
const line = (seq: number, name: string | null = null, text = `line ${seq}`): LogLine => ({ seq, text, step: name, stream: 'stdout', at: seq });

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

describe('the Fenwick tree', () => {
  test('sums like a loop, through changes and growth', () => {
    const next = random(7);
    const values = Array.from({ length: 1000 }, () => Math.floor(next() * 5));
    const tree = new Fenwick(values);
    for (let round = 0; round < 3000; round++) {
      if (next() < 0.4) {
        const value = Math.floor(next() * 5);
        values.push(value);
        tree.push(value);
      } else {
        const index = Math.floor(next() * values.length);
        const value = Math.floor(next() * 9);
        tree.add(index, value - values[index]!);
        values[index] = value;
      }
    }
    let sum = 0;
    for (let index = 0; index <= values.length; index++) {
      expect(tree.sum(index)).toBe(sum);
      sum += values[index] ?? 0;
    }
    expect(tree.total).toBe(values.reduce((total, value) => total + value, 0));
    expect(values.every((value, index) => tree.value(index) === value)).toBe(true);
  });

  test('begins empty', () => {
    const tree = new Fenwick([]);
    expect(tree.total).toBe(0);
    tree.push(3);
    tree.push(4);
    expect([tree.sum(1), tree.sum(2), tree.value(1)]).toEqual([3, 7, 4]);
  });
});

describe('spans', () => {
  const store = new LogStore();
  store.put([line(1), line(2, 'prepare'), line(3, 'prepare'), line(4, 'build'), line(5, 'build', '::group::Bundle'), line(6, 'build'), line(7, 'build', '::endgroup::'), line(8, 'build')]);
  const steps = [step('prepare'), step('install', 'skipped'), step('build', 'running'), step('deploy', 'pending')];
  const kinds = (folding: Folding) => groupedSpans(store, steps, folding).map(({ kind, seq, count }) => `${kind} ${seq}+${count}`);

  test('lie in the order of the log', () => {
    expect(kinds(OPEN)).toEqual(['lines 1+1', 'step 2+1', 'lines 2+2', 'step 4+1', 'note 4+1', 'step 4+1', 'lines 4+1', 'group 5+1', 'lines 6+1', 'lines 8+1']);
  });

  test('fold', () => {
    expect(kinds({ isStepOpen: ({ step: one }) => one.name === 'build', isGroupOpen: () => false })).toEqual(['lines 1+1', 'step 2+1', 'step 4+1', 'step 4+1', 'lines 4+1', 'group 5+1', 'lines 8+1']);
    expect(kinds({ isStepOpen: () => false, isGroupOpen: () => false })).toEqual(['lines 1+1', 'step 2+1', 'step 4+1', 'step 4+1']);
  });

  test('know where steps begin when the source says it', () => {
    const far = new LogStore();
    far.extendTo(100_000);
    expect(sections(far, [step('install', 'done', 1), step('build', 'running', 400)]).map(({ first, last }) => [first, last])).toEqual([[1, 399], [400, 100_000]]);
  });

  test('of groups do not nest and need no end', () => {
    const marks = [
      { seq: 2, opens: true, name: 'a' },
      { seq: 5, opens: true, name: 'b' },
      { seq: 7, opens: false, name: '' },
      { seq: 8, opens: false, name: '' },
      { seq: 9, opens: true, name: 'c' },
    ];
    expect(groups(marks, 1, 12).map(({ seq, last, isClosed }) => [seq, last, isClosed])).toEqual([[2, 4, true], [5, 7, true], [9, 12, false]]);
  });

  test('have one marker for lines that are lost', () => {
    const holes = new LogStore();
    holes.put([line(1), line(2), line(515)]);
    holes.noteLost(3, 514);
    expect(groupedSpans(holes, [], OPEN).map(({ kind, seq, count, lines }) => [kind, seq, count, lines])).toEqual([['lines', 1, 2, undefined], ['lost', 3, 1, 512], ['lines', 515, 1, undefined]]);
  });

  test('of a filter have context and gaps', () => {
    expect(filteredSpans([10, 12, 30], 2, 31).map(({ kind, seq, count }) => `${kind} ${seq}+${count}`)).toEqual(['gap 8+1', 'lines 8+7', 'gap 28+1', 'lines 28+4']);
    expect(filteredSpans([1, 2], 0, 9).map(({ kind, seq, count }) => `${kind} ${seq}+${count}`)).toEqual(['lines 1+2']);
    expect(filteredSpans([], 5, 9)).toEqual([]);
  });
});

describe('the layout', () => {
  const store = new LogStore();
  store.put(Array.from({ length: 500 }, (_, index) => line(index + 1, index < 100 ? 'install' : 'build')));
  const steps = [step('install'), step('build', 'failed')];

  test('goes from lines to rows to pixels and back', () => {
    const layout = new Layout(groupedSpans(store, steps, OPEN), METRICS);
    expect(layout.rowCount).toBe(502);
    expect(layout.height).toBe(500 * 20 + 2 * 32);
    for (let row = 0; row < layout.rowCount; row++) {
      expect(layout.rowAt(layout.y(row))).toBe(row);
      expect(layout.rowAt(layout.y(row) + layout.heightOf(row) - 1)).toBe(row);
      const { span, seq } = layout.row(row);
      if (span.kind === 'lines') expect(layout.rowOf(seq)).toBe(row);
    }
    expect(layout.stepAbove(300)!.step!.name).toBe('build');
    expect(layout.stepAbove(50)!.step!.name).toBe('install');
  });

  test('gives the header for a line that is folded', () => {
    const layout = new Layout(groupedSpans(store, steps, { isStepOpen: ({ step: one }) => one.name === 'build', isGroupOpen: () => true }), METRICS);
    expect(layout.rowOf(50)).toBe(0);
    expect(layout.shows(50)).toBe(false);
    expect(layout.shows(101)).toBe(true);
    expect(layout.row(layout.rowOf(101)).seq).toBe(101);
  });

  test('knows heights of wrapped rows, keeps them while it grows, and learns', () => {
    const screenLines = (seq: number) => (seq % 7 === 0 ? 3 : 1);
    const layout = new Layout(groupedSpans(store, steps, OPEN), METRICS);
    layout.wrap(screenLines, null);
    expect(layout.height).toBe(500 * 20 + 2 * 32 + Math.floor(500 / 7) * 40);
    for (let row = 0; row < layout.rowCount; row++) expect(layout.rowAt(layout.y(row) + layout.heightOf(row) / 2)).toBe(row);
    expect(layout.measure(layout.rowOf(8), 5)).toBe(true);
    expect(layout.measure(layout.rowOf(8), 5)).toBe(false);
    const before = layout.height;
    store.put([line(501, 'build'), line(504, 'build')]);
    const grown = new Layout(groupedSpans(store, steps, OPEN), METRICS);
    grown.wrap(screenLines, layout);
    expect(grown.heightOf(grown.rowOf(8))).toBe(100);
    expect(grown.height).toBe(before + 4 * 20 + 40);
  });

  test('of nothing is nothing', () => {
    const layout = new Layout([], METRICS);
    expect([layout.rowCount, layout.height, layout.rowAt(100), layout.rowOf(1)]).toEqual([0, 0, 0, 0]);
    expect(layout.shows(1)).toBe(false);
    expect(layout.stepAbove(0)).toBeNull();
  });

  test('of a million lines is quick', () => {
    const large = new LogStore();
    large.extendTo(1_000_000);
    const began = performance.now();
    const layout = new Layout(groupedSpans(large, [step('build', 'running', 1)], OPEN), METRICS);
    layout.wrap(() => 2, null);
    for (let y = 0; y < layout.height; y += layout.height / 100) layout.rowAt(y);
    expect(layout.height).toBe(1_000_000 * 40 + 32);
    expect(performance.now() - began).toBeLessThan(500);
  });
});

describe('the scroll map', () => {
  test('is one to one as long as browsers can', () => {
    const map = new ScrollMap();
    map.resize(10_000, 600);
    expect(map.goTo(400)).toBe(400);
    map.follow(1234);
    expect(map.top).toBe(1234);
    expect(map.goTo(1e9)).toBe(9400);
    expect(map.distanceToEnd).toBe(0);
  });

  test('scales longer logs and reaches both ends', () => {
    const map = new ScrollMap();
    map.resize(200_000_000, 600);
    expect(map.barHeight).toBe(HIGHEST_PX);
    map.goTo(map.end);
    expect(map.bar).toBe(HIGHEST_PX - 600);
    map.follow(HIGHEST_PX - 600 - 100);
    expect(map.top).toBe(200_000_000 - 600 - 100);
    map.follow((HIGHEST_PX - 600) / 2);
    expect(map.top).toBeCloseTo((200_000_000 - 600) / 2, 0);
    map.follow(0);
    expect(map.top).toBe(0);
    map.follow(HIGHEST_PX - 600);
    expect(map.top).toBe(map.end);
  });
});
