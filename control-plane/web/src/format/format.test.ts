import { describe, expect, it } from 'vitest';
import { bytes, formatDuration, hostAndPath, middle, percent, relativeTime, shortId } from './index';

describe('durations', () => {
  it.each([
    [-5, '0 ms'], [0, '0 ms'], [850, '850 ms'], [12_400, '12.4 s'], [59_940, '59.9 s'], [59_960, '1m 00s'],
    [64_000, '1m 04s'], [3_599_400, '59m 59s'], [3_599_600, '1h 00m'], [3_720_000, '1h 02m'],
  ])('%d ms is %s', (span, text) => {
    expect(formatDuration(span)).toBe(text);
  });
});

describe('sizes', () => {
  it.each([[0, '0 B'], [999, '999 B'], [1000, '1.0 kB'], [999_960, '1.0 MB'], [12_400_000, '12.4 MB'], [3e15, '3000.0 TB']])(
    '%d bytes are %s',
    (count, text) => expect(bytes(count)).toBe(text),
  );
});

describe('percent', () => {
  it('is never invented and never rounded up to the whole', () => {
    expect(percent(1, 0)).toBeUndefined();
    expect(percent(999, 1000)).toBe(99);
    expect(percent(1000, 1000)).toBe(100);
    expect(percent(2000, 1000)).toBe(100);
  });
});

describe('relative times', () => {
  const now = Date.UTC(2026, 4, 10, 12, 0, 0);
  it.each([
    [now - 3_000, 'just now'], [now + 3_000, 'just now'], [now - 42_000, '42 sec. ago'], [now - 180_000, '3 min. ago'],
    [now - 2 * 3_600_000, '2 hr. ago'], [now - 86_400_000, '1 day ago'], [now + 3 * 86_400_000, 'in 3 days'],
  ])('%d', (at, text) => expect(relativeTime(at, now)).toBe(text));

  it('are dates after a week', () => {
    expect(relativeTime(Date.UTC(2026, 4, 3, 11), now)).toContain('3 May 2026');
  });
});

describe('short texts', () => {
  it('cuts in the middle, by characters', () => {
    expect(middle('abcdefghij', 10)).toBe('abcdefghij');
    expect(middle('abcdefghijk', 7)).toBe('abc…ijk');
    expect(middle('🚀🚀🚀🚀', 3)).toBe('🚀…🚀');
  });
  it('shows where an address leads', () => {
    expect(hostAndPath('https://shop.example.com/')).toBe('shop.example.com');
    expect(hostAndPath('https://shop.example.com/docs?x=1')).toBe('shop.example.com/docs?x=1');
    expect(hostAndPath('not an address')).toBe('not an address');
  });
  it('takes the end of an id', () => {
    expect(shortId('0199d3a5-6b1e-7c42-9a53-2f1c8e7d4b60')).toBe('2f1c8e7d4b60');
  });
});
