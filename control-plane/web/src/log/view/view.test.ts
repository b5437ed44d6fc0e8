import { describe, expect, test } from 'vitest';
import { parsePermalink, permalink } from '../permalink';
import { LogStore } from '../store/store';
import type { LogStep } from '../types';
import { PLAIN } from '../text/style';
import { FoldState } from './folding';
import { Follow } from './follow';
import { commandOf } from './keys';
import { duration, timeText } from './time';
import { cutLine, LONGEST_LINE } from './tokens';
import { fairShare } from './viewport';

describe('following', () => {
  test('is turned off only by a user who goes up', () => {
    const follow = new Follow(true);
    follow.grew(1000);
    expect([follow.isOn, follow.unseen]).toEqual([true, 0]);
    follow.userWentDown(5000);
    expect(follow.isOn).toBe(true);
    follow.userGoesUp();
    expect(follow.isOn).toBe(false);
  });

  test('counts what comes meanwhile, and is turned on within eight pixels of the end', () => {
    let changes = 0;
    const follow = new Follow(true, () => changes++);
    follow.userGoesUp();
    follow.grew(100);
    follow.grew(28);
    expect(follow.unseen).toBe(128);
    follow.userWentDown(9);
    expect(follow.isOn).toBe(false);
    follow.userWentDown(8);
    expect([follow.isOn, follow.unseen]).toEqual([true, 0]);
    expect(changes).toBe(4);
    follow.turn(true);
    expect(changes).toBe(4);
  });
});

describe('permalinks', () => {
  test('name one line or many', () => {
    for (const [fragment, selection] of [
      ['#build-L12', { step: 'build', first: 12, last: 12 }],
      ['#build-L120-L134', { step: 'build', first: 120, last: 134 }],
      ['#L5-L9', { step: null, first: 5, last: 9 }],
      ['#L7', { step: null, first: 7, last: 7 }],
      ['#type-check-L3-L9', { step: 'type-check', first: 3, last: 9 }],
    ] as const) {
      expect(parsePermalink(fragment)).toEqual(selection);
      expect(permalink(selection)).toBe(fragment);
    }
    expect(parsePermalink('#build-L134-L120')).toEqual({ step: 'build', first: 120, last: 134 });
  });

  test('are not what only looks like one', () => {
    for (const fragment of ['', '#', '#build', '#build-L0', '#build-L', '#build-L1-', '#build-Lx', '#build-L1-L', '#-L1', '#build-L99999999999999999999', '#<b>-L1', `#${'a'.repeat(100)}-L1`]) {
      expect(parsePermalink(fragment), fragment).toBeNull();
    }
  });
});

describe('folding', () => {
  const store = new LogStore();
  const steps = (...states: LogStep['state'][]): LogStep[] => states.map((state, index) => ({ name: `s${index}`, title: '', state }));
  const open = (folds: FoldState, all: LogStep[]) => all.filter((step) => folds.isStepOpen({ step, first: 1, last: 1 })).map(({ name }) => name);

  test('folds what ended well', () => {
    const folds = new FoldState(store);
    const all = steps('done', 'skipped', 'failed', 'cancelled', 'running');
    folds.setSteps(all, true);
    expect(open(folds, all)).toEqual(['s2', 's3', 's4']);
  });

  test('never folds the only one', () => {
    const folds = new FoldState(store);
    folds.setSteps(steps('done', 'pending'), true);
    expect(open(folds, steps('done'))).toEqual(['s0']);
  });

  test('folds a step that one has watched once the next one runs, and not at the end', () => {
    const folds = new FoldState(store);
    folds.setSteps(steps('running', 'pending'), true);
    folds.setSteps(steps('done', 'pending'), true);
    expect(open(folds, steps('done'))).toEqual(['s0']);
    folds.setSteps(steps('done', 'running'), true);
    expect(open(folds, steps('done', 'running'))).toEqual(['s1']);
    folds.setSteps(steps('done', 'done'), true);
    expect(open(folds, steps('done', 'done'))).toEqual(['s1']);
  });

  test('folds nothing under the eyes of a reader', () => {
    const folds = new FoldState(store);
    folds.setSteps(steps('running', 'pending'), false);
    folds.setSteps(steps('done', 'running'), false);
    expect(open(folds, steps('done', 'running'))).toEqual(['s0', 's1']);
  });

  test('does what was said', () => {
    const folds = new FoldState(store);
    folds.setSteps(steps('done', 'running'), true);
    folds.say('step:s0', true);
    folds.say('step:s1', false);
    expect(open(folds, steps('done', 'running'))).toEqual(['s0']);
  });
});

describe('long lines', () => {
  test('are cut, and what is left out is counted', () => {
    const line = cutLine('x'.repeat(16_441), PLAIN, LONGEST_LINE);
    expect([line.length, line.hidden]).toEqual([4096, 12_345]);
    expect(cutLine('x'.repeat(LONGEST_LINE), PLAIN, LONGEST_LINE).hidden).toBe(0);
  });

  test('are cut between characters', () => {
    const line = cutLine('🎉'.repeat(10), PLAIN, 5);
    expect(line.pieces[0]!.text).toBe('🎉🎉');
    expect(line.hidden).toBe(16);
  });

  test('of many megabytes take no time', () => {
    const began = performance.now();
    expect(cutLine('\u001b[31mab'.repeat(2_000_000), PLAIN, LONGEST_LINE).length).toBe(4096);
    expect(performance.now() - began).toBeLessThan(2000);
  });
});

test('elements are shared fairly', () => {
  expect(fairShare([1, 2, 3], 100)).toBe(Infinity);
  expect(fairShare([1, 1, 100, 100], 22)).toBe(10);
  expect(fairShare([5, 5, 5], 0)).toBe(0);
  for (const room of [0, 1, 7, 50, 333]) {
    const wishes = [0, 3, 9, 27, 81, 243];
    const most = fairShare(wishes, room);
    expect(wishes.reduce((sum, wish) => sum + Math.min(wish, most), 0)).toBeLessThanOrEqual(Math.max(room, 0) + (most === Infinity ? 363 : 0));
  }
});

test('keys', () => {
  const key = (name: string, rest: Partial<KeyboardEvent> = {}) => commandOf({ key: name, altKey: false, ctrlKey: false, metaKey: false, shiftKey: false, ...rest } as KeyboardEvent, true)?.do;
  expect(['ArrowUp', 'End', '/', '[', 'n', 'N', 'e', 'E', 'Z', '+', 'q'].map((name) => key(name))).toEqual(['line', 'end', 'search', 'step', 'hit', 'hit', 'error', 'error', 'fullscreen', 'font', undefined]);
  expect(key('f', { ctrlKey: true })).toBe('search');
  expect(key('w', { ctrlKey: true })).toBeUndefined();
  expect(key('e', { altKey: true })).toBeUndefined();
  expect(commandOf({ key: 'w' } as KeyboardEvent, false)).toBeNull();
  expect(commandOf({ key: 'End' } as KeyboardEvent, false)).toEqual({ do: 'end' });
});

test('times', () => {
  expect(timeText(1_000_500, 1_000_000, 'off')).toBe('');
  expect(timeText(1_001_234, 1_000_000, 'relative')).toBe('+1.2s');
  expect(timeText(1_064_000, 1_000_000, 'relative')).toBe('+1m04s');
  expect(timeText(999_000, 1_000_000, 'relative')).toBe('+0.0s');
  expect(timeText(Date.UTC(2026, 2, 14, 9, 26, 53), null, 'utc')).toBe('09:26:53Z');
  expect([850, 12_400, 64_000, 3_720_000].map(duration)).toEqual(['850 ms', '12.4 s', '1m 04s', '1h 02m']);
});
