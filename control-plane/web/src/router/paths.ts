/**
 * Where pages are. Links are made of these paths only, so the compiler finds every one that leads
 * nowhere. `routes.ts` says what is shown there.
 */

export const PATHS = [
  '/',
  '/login',
  '/setup',
  '/sandboxes',
  '/sandboxes/:id',
  '/deployments',
  '/deployments/:id',
  '/deployments/:id/compare/:other',
  '/accounts',
  '/accounts/connect/:provider',
  '/targets',
  '/targets/new',
  '/targets/:id',
  '/agents',
  '/audit',
  '/settings',
  '/settings/tokens',
  '/settings/teams',
  '/settings/teams/:id',
  '/settings/people',
  '/settings/about',
  '/embed/deploy',
] as const;

export type RoutePath = (typeof PATHS)[number];

type Names<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | Names<Rest>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never;

/** What a path has to be given. */
export type Params<Path extends string> = Record<Names<Path>, string>;

export interface Target {
  /** Undefined values are left out. */
  query?: Readonly<Record<string, string | undefined>>;
  hash?: string;
}

type Arguments<Path extends RoutePath> = [Names<Path>] extends [never]
  ? [params?: Record<never, string>, target?: Target]
  : [params: Params<Path>, target?: Target];

/** The address of a page, relative to `<base href>`: it works below any path. */
export function href<Path extends RoutePath>(path: Path, ...[params, target]: Arguments<Path>): string {
  const given = (params ?? {}) as Readonly<Record<string, string>>;
  const filled = path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(given[name] ?? ''));
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(target?.query ?? {})) {
    if (value !== undefined && value !== '') query.set(name, value);
  }
  const search = query.size > 0 ? `?${query}` : '';
  const hash = target?.hash ? `#${target.hash}` : '';
  return `${filled.slice(1) || '.'}${search}${hash}`;
}

export interface Match {
  path: RoutePath;
  params: Readonly<Record<string, string>>;
}

/** Which page a path below the base is, with what its parts are. */
export function match(pathname: string): Match | undefined {
  const parts = split(pathname);
  for (const path of PATHS) {
    const params = matchParts(split(path), parts);
    if (params) return { path, params };
  }
  return undefined;
}

function matchParts(pattern: readonly string[], parts: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== parts.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, expected] of pattern.entries()) {
    const part = parts[index] ?? '';
    if (expected.startsWith(':')) params[expected.slice(1)] = part;
    else if (expected !== part) return undefined;
  }
  return params;
}

/** Decoded; what cannot be decoded is taken as it stands. */
function split(path: string): string[] {
  return path.split('/').filter((part) => part !== '').map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
}
