import { describe, expect, it } from 'vitest';
import { NO_FILTERS, count, fromAddress, problems, toAddress, toQuery } from './filters';

const id = '0198c5a2-6f3e-7c3a-9d3b-2f1f6f0f5a10';

describe('filters', () => {
  it('come back from the address', () => {
    const filters = { ...NO_FILTERS, action: 'target.', subject: id, outcome: 'denied' as const, since: '2026-05-01', all: true };
    const search = toAddress(filters);
    expect(search.toString()).toBe(`action=target.&subject=${id}&outcome=denied&since=2026-05-01&all=true`);
    expect(fromAddress(search)).toEqual(filters);
    expect(count(filters)).toBe(5);
  });

  it('that cannot be are left out', () => {
    const search = new URLSearchParams('action=DROP&actor=me&outcome=fine&since=2026-13-01&until=tomorrow&all=yes&x=1');
    expect(fromAddress(search)).toEqual(NO_FILTERS);
  });

  it('ask for whole days, both included', () => {
    const { since, until } = toQuery({ ...NO_FILTERS, since: '2026-05-01', until: '2026-05-01' });
    expect(Date.parse(String(until)) - Date.parse(String(since))).toBe(24 * 60 * 60 * 1000);
    expect(toQuery(NO_FILTERS)).toEqual({});
  });

  it('say what is wrong with what was typed', () => {
    const typed = { ...NO_FILTERS, actor: 'ada', action: 'Target', since: '2026-05-02', until: '2026-05-01' };
    expect(problems(typed)).toEqual({ actor: 'id', action: 'action', until: 'order' });
    expect(problems({ ...NO_FILTERS, actor: id, action: 'sign_in.' })).toEqual({});
  });
});
