/** What history is narrowed to. The address holds it, so a link shows the same. */
import type { Deployment, Status } from '../../deployments/status';
import { ACTIVE } from '../../deployments/status';
import { KINDS, type Kind } from '../../providers';

export const STATUS_CHOICES = ['active', 'success', 'failed', 'cancelled'] as const;
export const ENVIRONMENT_CHOICES = ['production', 'preview', 'staging'] as const;

export interface Filters {
  status?: (typeof STATUS_CHOICES)[number];
  environment?: Deployment['environment'];
  provider?: string;
  kind?: Kind;
  /** Days, as `2026-05-03`, in the time zone of whoever looks; both are included. */
  since?: string;
  until?: string;
  q?: string;
  target?: string;
  sandbox?: string;
}

export const FILTER_KEYS = ['status', 'environment', 'provider', 'kind', 'since', 'until', 'q', 'target'] as const;

export function filtersOf(query: URLSearchParams): Filters {
  const text = (key: string) => query.get(key)?.trim() || undefined;
  const day = (key: string) => (/^\d{4}-\d{2}-\d{2}$/.test(query.get(key) ?? '') ? (query.get(key) ?? undefined) : undefined);
  return {
    status: STATUS_CHOICES.find((one) => one === query.get('status')),
    environment: ENVIRONMENT_CHOICES.find((one) => one === query.get('environment')),
    kind: KINDS.find((one) => one === query.get('kind')),
    provider: text('provider'),
    since: day('since'),
    until: day('until'),
    q: text('q')?.slice(0, 200),
    target: text('target'),
    sandbox: text('sandbox'),
  };
}

/** How many are set, without the one that the page itself sets. */
export function countOf(filters: Filters): number {
  return FILTER_KEYS.filter((key) => filters[key] !== undefined).length;
}

/** As the API takes them. */
export function queryOf(filters: Filters) {
  const { status, environment, kind, provider, q, target, since, until } = filters;
  const statuses: Status[] | undefined = status === 'active' ? [...ACTIVE] : status && [status];
  return {
    ...(statuses && { status: statuses }),
    ...(environment && { environment }),
    ...(kind && { kind }),
    ...(provider && { provider }),
    ...(q && { q }),
    ...(target && { target_id: target }),
    ...(since && { since: startOf(since, 0) }),
    ...(until && { until: startOf(until, 1) }),
  };
}

function startOf(day: string, later: number): string {
  const [year, month, date] = day.split('-').map(Number);
  return new Date(year ?? 0, (month ?? 1) - 1, (date ?? 1) + later).toISOString();
}
