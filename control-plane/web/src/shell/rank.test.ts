import { describe, expect, it } from 'vitest';
import { rank } from './rank';

const NAMES = ['Settings', 'web shop', 'Workshop', 'shop', 'Overview'];

describe('the palette', () => {
  it('has what begins so first, then words, then parts, then letters in order', () => {
    expect(rank(NAMES, 'shop', (name) => name)).toEqual(['shop', 'web shop', 'Workshop']);
    expect(rank(NAMES, 'stg', (name) => name)).toEqual(['Settings']);
    expect(rank(NAMES, 'zzz', (name) => name)).toEqual([]);
  });
  it('has everything while nothing is typed', () => expect(rank(NAMES, ' ', (name) => name)).toEqual(NAMES));
});
