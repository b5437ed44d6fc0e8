import { expect, it } from 'vitest';
import { merge } from './merge';

it('puts changes of different fields together', () => {
  const found = merge({ name: 'a', branch: 'main' }, { name: 'b', branch: 'main' }, { name: 'a', branch: 'next', root: 'x' });
  expect(found).toEqual({ merged: { name: 'b', branch: 'next', root: 'x' }, taken: ['branch', 'root'], conflicts: [] });
});

it('names what contradicts', () => {
  const found = merge({ name: 'a' }, { name: 'b' }, { name: 'c' });
  expect(found.conflicts).toEqual([{ field: 'name', before: 'a', mine: 'b', theirs: 'c' }]);
  expect(found.merged).toEqual({ name: 'b' });
});

it('the same change on both sides is none', () => {
  expect(merge({ a: 1 }, { a: 2 }, { a: 2 }).conflicts).toEqual([]);
  expect(merge({ a: { x: 1, y: 2 } }, { a: { y: 2, x: 1 } }, { a: { x: 1, y: 2 } })).toMatchObject({ taken: [], conflicts: [] });
});

it('what we took away stays away, and is a conflict when they changed it', () => {
  expect(merge({ a: 1, b: 1 }, { b: 1 }, { a: 1, b: 1 }).merged).toEqual({ b: 1 });
  expect(merge({ a: 1 }, {}, { a: 2 }).conflicts).toEqual([{ field: 'a', before: 1, mine: undefined, theirs: 2 }]);
});
