/** Whatever goes wrong with a request, in one shape: the server's problem document, or what kept it away. */

/** A field the server names in a problem, as a JSON pointer. */
export interface FieldProblem {
  pointer: string;
  detail: string;
}

interface ProblemDocument {
  title?: unknown;
  code?: unknown;
  detail?: unknown;
  request_id?: unknown;
  errors?: unknown;
}

/** No answer at all: no connection, or the server is not running. */
export const UNREACHABLE = 'unreachable';

export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';

  constructor(
    /** The server's stable `code`, or `unreachable`. */
    readonly code: string,
    /** HTTP status; 0 without an answer. */
    readonly status: number,
    /** One sentence for people. */
    readonly detail: string,
    readonly requestId: string | undefined = undefined,
    /** Milliseconds to wait, when the server says so. */
    readonly retryAfter: number | undefined = undefined,
    readonly fields: readonly FieldProblem[] = [],
  ) {
    super(detail);
  }

  /** Whether asking again may help without anything being changed. */
  get isTransient(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** Reads an answer that is not a success. Proxies answer with pages of their own, so nothing is relied on. */
export async function problemOf(response: Response): Promise<ApiProblem> {
  const document = await readDocument(response);
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);
  return new ApiProblem(
    text(document.code) ?? `http_${response.status}`,
    response.status,
    text(document.detail) ?? text(document.title) ?? `${response.status} ${response.statusText}`.trim(),
    text(document.request_id) ?? response.headers.get('x-request-id') ?? undefined,
    retryAfter(response.headers.get('retry-after')),
    fieldsOf(document.errors),
  );
}

async function readDocument(response: Response): Promise<ProblemDocument> {
  if (!response.headers.get('content-type')?.includes('json')) return {};
  const body: unknown = await response.json().catch(() => undefined);
  return typeof body === 'object' && body !== null ? body : {};
}

function retryAfter(value: string | null): number | undefined {
  const seconds = Number(value);
  return value !== null && Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}

function fieldsOf(errors: unknown): FieldProblem[] {
  if (!Array.isArray(errors)) return [];
  return errors.filter(
    (error): error is FieldProblem => typeof error?.pointer === 'string' && typeof error?.detail === 'string',
  );
}

/** What was thrown, as a problem. Aborted requests are not problems: callers leave before they ask. */
export function asProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  return new ApiProblem(UNREACHABLE, 0, error instanceof Error ? error.message : String(error));
}
