/**
 * The one way to the API: types from its OpenAPI document. Answers that are no success
 * are thrown as `ApiProblem`, so callers handle what they came for.
 *
 *     const sandbox = await body(api.GET('/api/sandboxes/{id}', { params: { path: { id } }, signal }));
 */
import type { Client } from 'openapi-fetch';
import { noteServerDate } from '../format/clock.svelte';
import { ApiProblem, problemOf, UNREACHABLE } from './problem';
import { contentOf, requestOf, type RequestOptions } from './request';
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

async function send(method: string, path: string, options: RequestOptions = {}) {
  const request = requestOf(BASE, method, path, options);
  if (!SAFE.has(method) && csrfToken !== null) request.headers.set('X-CSRF-Token', csrfToken);
  try {
    const response = await fetch(request);
    noteServerDate(response.headers.get('date'));
    if (!response.ok) throw await problemOf(response);
    return { data: await contentOf(response, options), response };
  } catch (error) {
    if (isAbort(error)) throw error;
    const problem = error instanceof ApiProblem ? error : new ApiProblem(UNREACHABLE, 0, String(error));
    // A wrong password is an answer to a sign-in, not the end of a session.
    if (problem.status === 401 && !path.startsWith('/api/auth/')) onUnauthenticated();
    throw problem;
  }
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

function method(name: Method) {
  return (path: string, options?: RequestOptions) => send(name, path, options);
}

/** Each method of HTTP, for the paths that have it, with what each takes and answers. */
export const api = {
  GET: method('GET'), POST: method('POST'), PUT: method('PUT'), PATCH: method('PATCH'), DELETE: method('DELETE'),
} as unknown as Pick<Client<paths>, Method>;

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
