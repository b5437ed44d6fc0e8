/**
 * The one way to the API: types from its OpenAPI document, one middleware. Answers that are no success
 * are thrown as `ApiProblem`, so callers handle what they came for.
 *
 *     const sandbox = await body(api.GET('/api/sandboxes/{id}', { params: { path: { id } }, signal }));
 */
import createClient, { type Middleware } from 'openapi-fetch';
import { noteServerDate } from '../format/clock.svelte';
import { ApiProblem, problemOf, UNREACHABLE } from './problem';
import type { components, paths } from './schema';

export type Schemas = components['schemas'];

/** Where the UI and the API are, without a slash at the end: empty at the root of a host. */
export const BASE =
  typeof document === 'undefined' ? 'http://localhost' : new URL('.', document.baseURI).href.replace(/\/$/, '');

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

let csrfToken: string | null = null;
let onUnauthenticated: () => void = () => {};

/** From `GET /api/me` or a sign-in; sent with everything that changes something. */
export function setCsrfToken(token: string | null): void {
  csrfToken = token;
}

/** Called when the server no longer knows who asks. */
export function setUnauthenticatedHandler(handler: () => void): void {
  onUnauthenticated = handler;
}

const middleware: Middleware = {
  onRequest({ request }) {
    if (!SAFE.has(request.method) && csrfToken !== null) request.headers.set('X-CSRF-Token', csrfToken);
    return request;
  },
  async onResponse({ request, response }) {
    noteServerDate(response.headers.get('date'));
    if (response.ok) return response;
    const problem = await problemOf(response);
    // A wrong password is an answer to a sign-in, not the end of a session.
    if (problem.status === 401 && !request.url.includes('/api/auth/')) onUnauthenticated();
    throw problem;
  },
  onError({ error }) {
    if (error instanceof ApiProblem || isAbort(error)) return;
    return new ApiProblem(UNREACHABLE, 0, error instanceof Error ? error.message : String(error));
  },
};

export const api = createClient<paths>({
  baseUrl: BASE,
  credentials: 'same-origin',
  // Lists in a query are words apart by commas.
  querySerializer: { array: { style: 'form', explode: false } },
});
api.use(middleware);

/** Whether a request ended because nobody waits for it any more. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

interface Answer<T> {
  data?: T;
  response: Response;
}

/** The body of a successful answer. */
export async function body<T>(request: Promise<Answer<T>>): Promise<NonNullable<T>> {
  const { data } = await request;
  if (data === undefined || data === null) throw new ApiProblem('empty_answer', 0, 'the answer has no body');
  return data;
}

/** The body and its ETag, for `If-Match` of a later change. */
export async function tagged<T>(request: Promise<Answer<T>>): Promise<{ value: NonNullable<T>; etag: string | null }> {
  const answer = await request;
  const value = await body(Promise.resolve(answer));
  return { value, etag: answer.response.headers.get('etag') };
}

/** Every item of a paged list, in order, up to `most`. */
export async function all<T>(
  page: (cursor: string | undefined) => Promise<{ items: T[]; next_cursor?: string | null | undefined }>,
  most = 1_000,
): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const part = await page(cursor);
    items.push(...part.items);
    cursor = part.next_cursor ?? undefined;
  } while (cursor !== undefined && items.length < most);
  return items;
}

/** A fresh `Idempotency-Key`: one per thing a person wants, kept when the request is sent again. */
export function idempotencyKey(): string {
  return crypto.randomUUID?.() ?? fallbackUuid();
}

// `randomUUID` is there on HTTPS and on this machine only; self-hosters begin without either.
function fallbackUuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
