/**
 * A list of deployments that grows at its end when asked to, and keeps itself true: what changes is changed
 * where it stands, what is new waits until somebody wants to see it, so nothing moves under the pointer.
 */
import { api, asProblem, body, isAbort, type ApiProblem } from '../../api';
import { isActive, type Deployment } from '../../deployments/status';
import { queryOf, type Filters } from './filters';

const PAGE = 25;
const BUSY = 3_000;
const IDLE = 10_000;
const LONGEST_WAIT = 60_000;

export class HistoryList {
  items = $state.raw<readonly Deployment[]>([]);
  /** Newer than what is shown. */
  fresh = $state.raw<readonly Deployment[]>([]);
  problem = $state.raw<ApiProblem>();
  moreProblem = $state.raw<ApiProblem>();
  isLoading = $state(true);
  isLoadingMore = $state(false);
  hasMore = $state(false);

  readonly #filters: Filters;
  readonly #ended = new AbortController();
  #cursor: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;

  constructor(filters: Filters) {
    this.#filters = filters;
  }

  start(): () => void {
    void this.reload();
    return () => {
      this.#ended.abort();
      clearTimeout(this.#timer);
    };
  }

  readonly reload = async (): Promise<void> => {
    clearTimeout(this.#timer);
    this.isLoading = true;
    this.problem = undefined;
    try {
      const page = await this.#page(undefined);
      this.items = page.items;
      this.fresh = [];
      this.#cursor = page.next_cursor ?? undefined;
      this.hasMore = this.#cursor !== undefined;
    } catch (error) {
      if (this.#isOver(error)) return;
      this.problem = asProblem(error);
    }
    this.isLoading = false;
    this.#plan();
  };

  readonly more = async (): Promise<void> => {
    if (!this.hasMore || this.isLoadingMore) return;
    this.isLoadingMore = true;
    this.moreProblem = undefined;
    try {
      const page = await this.#page(this.#cursor);
      const known = new Set(this.items.map(({ id }) => id));
      this.items = [...this.items, ...page.items.filter(({ id }) => !known.has(id))];
      this.#cursor = page.next_cursor ?? undefined;
      this.hasMore = this.#cursor !== undefined;
    } catch (error) {
      if (this.#isOver(error)) return;
      this.moreProblem = asProblem(error);
    }
    this.isLoadingMore = false;
  };

  /** Shows what waits. */
  readonly showFresh = (): void => {
    this.items = [...this.fresh, ...this.items];
    this.fresh = [];
  };

  remove(id: string): void {
    this.items = this.items.filter((item) => item.id !== id);
  }

  #page(cursor: string | undefined) {
    const query = { ...queryOf(this.#filters), limit: PAGE, ...(cursor !== undefined && { cursor }) };
    const { signal } = this.#ended;
    const { sandbox } = this.#filters;
    return sandbox === undefined
      ? body(api.GET('/api/deployments', { params: { query }, signal }))
      : body(api.GET('/api/sandboxes/{id}/deployments', { params: { path: { id: sandbox }, query }, signal }));
  }

  #plan(): void {
    if (this.#ended.signal.aborted) return;
    const wait = this.items.some(isActive) || this.fresh.length > 0 ? BUSY : IDLE;
    this.#timer = setTimeout(() => {
      if (document.visibilityState === 'visible') void this.#look();
      else document.addEventListener('visibilitychange', () => void this.#look(), { once: true, signal: this.#ended.signal });
    }, Math.min(LONGEST_WAIT, wait * 2 ** this.#failures));
  }

  /** Reads the newest page again. */
  async #look(): Promise<void> {
    try {
      const page = await this.#page(undefined);
      this.#failures = 0;
      ({ items: this.items, fresh: this.fresh } = merge(this.items, page.items));
    } catch (error) {
      if (this.#isOver(error)) return;
      // What is shown stays; it is tried again, ever more seldom.
      this.#failures += 1;
    }
    this.#plan();
  }

  #isOver(error: unknown): boolean {
    return this.#ended.signal.aborted || isAbort(error);
  }
}

/** What is shown, with what has changed, and what is new. Ids sort by time. */
export function merge<T extends { id: string }>(
  shown: readonly T[], newest: readonly T[],
): { items: readonly T[]; fresh: readonly T[] } {
  const news = new Map(newest.map((item) => [item.id, item]));
  const first = shown[0];
  if (!first) return { items: newest, fresh: [] };
  return {
    items: shown.map((item) => news.get(item.id) ?? item),
    fresh: newest.filter((item) => item.id > first.id),
  };
}
