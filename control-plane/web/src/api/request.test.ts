import { describe, expect, it } from 'vitest';
import { contentOf, pathOf, requestOf } from './request';

describe('a request', () => {
  it('has what is asked for in its address, encoded', () => {
    expect(pathOf('/api/x/{id}/y/{other}', { path: { id: 'a/b', other: '?' } })).toBe('/api/x/a%2Fb/y/%3F');
    expect(pathOf('/api/x', { query: { status: ['failed', 'success'], q: 'a&b', limit: 5, cursor: undefined } })).toBe(
      '/api/x?status=failed%2Csuccess&q=a%26b&limit=5',
    );
    expect(pathOf('/api/x', { query: { check: false } })).toBe('/api/x?check=false');
  });

  it('says that its body is JSON, and has headers that are given', async () => {
    const request = requestOf('http://host/base', 'POST', '/api/x', { body: { a: 1 }, params: { header: { 'Idempotency-Key': 'k', 'If-Match': undefined } } });
    expect(request.url).toBe('http://host/base/api/x');
    expect([...request.headers]).toEqual([['accept', 'application/json'], ['content-type', 'application/json'], ['idempotency-key', 'k']]);
    expect(await request.text()).toBe('{"a":1}');
    expect([...requestOf('http://host', 'GET', '/api/x', { headers: { accept: 'text/plain' } }).headers]).toEqual([['accept', 'text/plain']]);
    expect(requestOf('http://host', 'POST', '/api/x', {}).headers.has('content-type')).toBe(false);
  });
});

describe('an answer', () => {
  const answer = (text: string | null, type: string) => new Response(text, { headers: { 'content-type': type } });
  it('is what it says it is', async () => {
    expect(await contentOf(answer('{"a":1}', 'application/json'), {})).toEqual({ a: 1 });
    expect(await contentOf(answer('plain', 'text/plain'), {})).toBe('plain');
    expect(await contentOf(new Response(null, { status: 204 }), {})).toBeUndefined();
    expect(await contentOf(answer('x', 'application/zip'), { parseAs: 'stream' })).toBeInstanceOf(ReadableStream);
  });
});
