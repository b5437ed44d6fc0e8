/**
 * Sends one request to the API: fills in path and query, tells JSON from other bodies. What it may be asked is in the
 * types of `openapi-fetch`, which read the OpenAPI document; its code does much more than is needed here.
 */

export interface RequestOptions {
  params?: {
    path?: Readonly<Record<string, unknown>>;
    query?: Readonly<Record<string, unknown>>;
    header?: Readonly<Record<string, unknown>>;
  };
  body?: unknown;
  /** Besides those that the document names. */
  headers?: Readonly<Record<string, string>>;
  signal?: AbortSignal;
  /** Left out: JSON where it is JSON, else text. */
  parseAs?: 'stream';
}

/** `/api/x/{id}` with what is asked for; parts of a list are apart by commas, what is undefined is left out. */
export function pathOf(template: string, { path = {}, query = {} }: NonNullable<RequestOptions['params']> = {}): string {
  const filled = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(path[name] ?? '')));
  const search = new URLSearchParams(
    Object.entries(query).flatMap(([name, value]) =>
      value === undefined || value === null ? [] : [[name, Array.isArray(value) ? value.join(',') : String(value)]],
    ),
  );
  return search.size > 0 ? `${filled}?${search}` : filled;
}

/** The request as `fetch` takes it. */
export function requestOf(base: string, method: string, template: string, options: RequestOptions): Request {
  // Some addresses answer browsers that come by themselves with a redirection.
  const headers = new Headers({ accept: options.parseAs === 'stream' ? '*/*' : 'application/json', ...options.headers });
  for (const [name, value] of Object.entries(options.params?.header ?? {})) {
    if (value !== undefined && value !== null) headers.set(name, String(value));
  }
  const body = options.body === undefined ? undefined : JSON.stringify(options.body);
  if (body !== undefined) headers.set('content-type', 'application/json');
  return new Request(`${base}${pathOf(template, options.params)}`, {
    method, headers, body, credentials: 'same-origin', signal: options.signal ?? null,
  });
}

/** What a successful answer holds; `undefined` when that is nothing. */
export async function contentOf(response: Response, { parseAs }: RequestOptions): Promise<unknown> {
  if (parseAs === 'stream') return response.body;
  const text = await response.text();
  if (text === '') return undefined;
  return response.headers.get('content-type')?.includes('json') ? (JSON.parse(text) as unknown) : text;
}
