import { describe, expect, it } from 'vitest';
import { href, match } from './paths';

describe('href', () => {
  it('is relative to the base and encodes what it is given', () => {
    expect(href('/')).toBe('.');
    expect(href('/sandboxes')).toBe('sandboxes');
    expect(href('/sandboxes/:id', { id: 'a/b?c' })).toBe('sandboxes/a%2Fb%3Fc');
    expect(href('/deployments', {}, { query: { status: 'failed', q: undefined, since: '' } })).toBe('deployments?status=failed');
    expect(href('/deployments/:id', { id: '1' }, { query: { step: 'build' }, hash: 'build-L12' })).toBe(
      'deployments/1?step=build#build-L12',
    );
  });
});

describe('match', () => {
  it('finds the page and its parts, with or without a slash at the end', () => {
    expect(match('')).toEqual({ path: '/', params: {} });
    expect(match('sandboxes/')).toEqual({ path: '/sandboxes', params: {} });
    expect(match('sandboxes/a%2Fb')).toEqual({ path: '/sandboxes/:id', params: { id: 'a/b' } });
    expect(match('deployments/1/compare/2')?.params).toEqual({ id: '1', other: '2' });
  });
  it('takes what cannot be decoded as it stands and knows what is not there', () => {
    expect(match('sandboxes/%E0%A4%A')?.params).toEqual({ id: '%E0%A4%A' });
    expect(match('nothing/here')).toBeUndefined();
  });
});
