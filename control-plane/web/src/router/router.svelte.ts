/**
 * Which page is shown. The address is the state: pages read `location.params` and `location.query`, and
 * change them by `navigate` and `setQuery`. Clicks on links of ours are taken over in `start`.
 */
import { match, type Match } from './paths';

export interface Location {
  match: Match | undefined;
  params: Readonly<Record<string, string>>;
  query: URLSearchParams;
  hash: string;
  /** Below the base, with query and hash. */
  full: string;
}

/** Asked before the page is left; `false` stays. */
type Guard = (to: string) => boolean;

const base = typeof document === 'undefined' ? '/' : new URL('.', document.baseURI).pathname;
const guards = new Set<Guard>();

let current = $state.raw<Location>(read());
/** Counts navigations to another page: whoever moves the focus to the heading watches it. */
let arrivals = $state(0);

function read(): Location {
  if (typeof window === 'undefined') {
    return { match: undefined, params: {}, query: new URLSearchParams(), hash: '', full: '' };
  }
  const { pathname, search, hash } = window.location;
  const found = match(pathname.startsWith(base) ? pathname.slice(base.length) : pathname);
  return {
    match: found,
    params: found?.params ?? {},
    query: new URLSearchParams(search),
    hash: hash.slice(1),
    full: `${pathname.startsWith(base) ? pathname.slice(base.length) : pathname}${search}${hash}`,
  };
}

/** Where we are; reactive. */
export function location(): Location {
  return current;
}

export function arrivalCount(): number {
  return arrivals;
}

/** Goes to an address made by `href`. */
export function navigate(to: string, { replace = false }: { replace?: boolean } = {}): void {
  const url = new URL(to, document.baseURI);
  if (url.href === window.location.href) return;
  if (url.pathname !== window.location.pathname && ![...guards].every((guard) => guard(to))) return;
  rememberScroll();
  if (replace) window.history.replaceState({}, '', url);
  else window.history.pushState({}, '', url);
  arrive(url.hash === '' ? 0 : undefined);
}

/** Changes parts of the query and stays on the page; `undefined` takes a part away. */
export function setQuery(
  changes: Readonly<Record<string, string | undefined>>,
  { replace = true }: { replace?: boolean } = {},
): void {
  const url = new URL(window.location.href);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === '') url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  if (url.href === window.location.href) return;
  window.history[replace ? 'replaceState' : 'pushState'](window.history.state, '', url);
  current = read();
}

/** Asks `guard` before another page is shown, and lets the browser ask before the tab is closed. */
export function guardLeaving(guard: Guard): () => void {
  guards.add(guard);
  return () => guards.delete(guard);
}

/** Begins to listen; returns how to stop. */
export function start(): () => void {
  window.history.scrollRestoration = 'manual';
  const stop = new AbortController();
  const { signal } = stop;
  document.addEventListener('click', onClick, { signal });
  window.addEventListener('popstate', () => arrive(scrollOf(window.history.state)), { signal });
  window.addEventListener('hashchange', () => (current = read()), { signal });
  window.addEventListener('pagehide', rememberScroll, { signal });
  window.addEventListener('beforeunload', (event) => {
    if (![...guards].every((guard) => guard(''))) event.preventDefault();
  }, { signal });
  return () => stop.abort();
}

function onClick(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) {
    return;
  }
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  if (!link || link.target || link.hasAttribute('download') || !link.hasAttribute('href')) return;
  const url = new URL(link.href, document.baseURI);
  if (url.origin !== window.location.origin || !url.pathname.startsWith(base)) return;
  if (match(url.pathname.slice(base.length)) === undefined) return;
  event.preventDefault();
  navigate(url.href);
}

/** `scroll`: where to; left alone when undefined, for addresses that name a place. */
function arrive(scroll: number | undefined): void {
  const before = current;
  current = read();
  const isOther = before.match?.path !== current.match?.path ||
    JSON.stringify(before.params) !== JSON.stringify(current.params);
  if (isOther) arrivals += 1;
  if (scroll !== undefined) requestAnimationFrame(() => window.scrollTo(0, scroll));
}

function rememberScroll(): void {
  window.history.replaceState({ ...window.history.state, scroll: window.scrollY }, '');
}

function scrollOf(state: unknown): number {
  const scroll = (state as { scroll?: unknown } | null)?.scroll;
  return typeof scroll === 'number' ? scroll : 0;
}
