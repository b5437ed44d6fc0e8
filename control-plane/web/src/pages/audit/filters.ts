/** The filters of the audit log, in the address of the page and in the question to the server. */

export const OUTCOMES = ['done', 'denied', 'failed', 'unknown'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export interface Filters {
  /** An action, or the beginning of some: `target.`. */
  action: string;
  /** Id of the user, or of the sandbox whose agent did it. */
  actor: string;
  team_id: string;
  /** Id of what it is about. */
  subject: string;
  outcome: Outcome | '';
  /** Days as `2026-05-31`, both included, in the zone of the browser. */
  since: string;
  until: string;
  request_id: string;
  /** Everybody's, for administrators of the installation. */
  all: boolean;
}

export const NO_FILTERS: Filters = {
  action: '',
  actor: '',
  team_id: '',
  subject: '',
  outcome: '',
  since: '',
  until: '',
  request_id: '',
  all: false
};

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const ACTION = /^[a-z_.]{1,64}$/;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

const IDS = ['actor', 'team_id', 'subject', 'request_id'] as const;
const DAYS = ['since', 'until'] as const;

/** Whatever is not a filter is left out: addresses are typed, cut and mangled. */
export function fromAddress(search: URLSearchParams): Filters {
  const filters = { ...NO_FILTERS };
  const take = (name: string, pattern: RegExp) => {
    const value = search.get(name) ?? '';
    return pattern.test(value) ? value : '';
  };
  filters.action = take('action', ACTION);
  for (const name of IDS) filters[name] = take(name, UUID);
  for (const name of DAYS) filters[name] = isDay(take(name, DAY)) ? take(name, DAY) : '';
  filters.outcome = OUTCOMES.find((outcome) => outcome === search.get('outcome')) ?? '';
  filters.all = search.get('all') === 'true';
  return filters;
}

/** What is set, for the address. */
export function toAddress(filters: Filters): URLSearchParams {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(filters)) {
    if (value !== '' && value !== false) search.set(name, String(value));
  }
  return search;
}

/** The query of `GET /api/audit`. `until` is the beginning of the next day there. */
export function toQuery(filters: Filters): Record<string, string | boolean> {
  const { since, until, all, ...words } = filters;
  const query: Record<string, string | boolean> = {};
  for (const [name, value] of Object.entries(words)) if (value !== '') query[name] = value;
  if (since !== '') query.since = startOf(since, 0);
  if (until !== '') query.until = startOf(until, 1);
  if (all) query.all = true;
  return query;
}

/** How many are set. */
export function count(filters: Filters): number {
  return [...toAddress(filters).keys()].length;
}

/** Checks what was typed; the message's key of each field that is wrong. */
export function problems(filters: Filters): Partial<Record<keyof Filters, 'id' | 'action' | 'order'>> {
  const found: ReturnType<typeof problems> = {};
  for (const name of IDS) if (filters[name] !== '' && !UUID.test(filters[name])) found[name] = 'id';
  if (filters.action !== '' && !ACTION.test(filters.action)) found.action = 'action';
  if (filters.since !== '' && filters.until !== '' && filters.since > filters.until) found.until = 'order';
  return found;
}

function isDay(text: string): boolean {
  return text !== '' && !Number.isNaN(new Date(`${text}T00:00:00`).getTime());
}

function startOf(day: string, later: number): string {
  const date = new Date(`${day}T00:00:00`);
  date.setDate(date.getDate() + later);
  return date.toISOString();
}

/** Beginnings of actions (`audit/mod.rs`), for the choice. */
export const ACTION_GROUPS = [
  'deployment.', 'sandbox.', 'target.', 'variables.', 'webhook.', 'domain.', 'credential.', 'token.', 'team.', 'sign_in.', 'sign_out',
] as const;
