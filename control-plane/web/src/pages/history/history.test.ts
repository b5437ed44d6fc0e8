import { describe, expect, it } from 'vitest';
import { countOf, filtersOf, queryOf } from './filters';
import { merge } from './history-list.svelte';

describe('filters', () => {
  it('come from the address, and only what means something', () => {
    const filters = filtersOf(new URLSearchParams('status=failed&environment=moon&since=2026-05-03&until=soon&q=%20main%20&kind=git'));
    expect(filters).toMatchObject({ status: 'failed', since: '2026-05-03', q: 'main', kind: 'git' });
    expect(filters.environment).toBeUndefined();
    expect(filters.until).toBeUndefined();
    expect(countOf(filters)).toBe(4);
  });

  it('become what the API takes; the last day is included', () => {
    const query = queryOf({ status: 'active', since: '2026-05-03', until: '2026-05-03' });
    expect(query.status).toEqual(['pending', 'building', 'uploading', 'deploying']);
    expect(Date.parse(query.until ?? '') - Date.parse(query.since ?? '')).toBe(86_400_000);
    expect(queryOf({})).toEqual({});
  });
});

describe('looking again', () => {
  const row = (id: string, status = 'building') => ({ id, status });

  it('changes rows where they stand and keeps new ones apart', () => {
    const { items, fresh } = merge([row('2'), row('1')], [row('4'), row('3'), row('2', 'success')]);
    expect(items).toEqual([row('2', 'success'), row('1')]);
    expect(fresh.map(({ id }) => id)).toEqual(['4', '3']);
  });

  it('shows the first ones at once', () => {
    expect(merge([], [row('1')])).toEqual({ items: [row('1')], fresh: [] });
  });

  it('does not take an older one that a filter lets in now for a new one', () => {
    expect(merge([row('5')], [row('5'), row('3')]).fresh).toEqual([]);
  });
});
