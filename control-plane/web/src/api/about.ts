/** What the program tells of itself. */
import { BASE } from './client';
import { problemOf } from './problem';

export interface About {
  version: string;
  commit?: string;
  started_at?: string;
  database?: string;
}

/** From `/api/about`; of a control plane without it, the version in its API document. */
export async function loadAbout(signal: AbortSignal): Promise<About> {
  const response = await fetch(`${BASE}/api/about`, { signal, headers: { accept: 'application/json' } });
  if (response.ok) return read(await response.json());
  if (response.status !== 404) throw await problemOf(response);
  const document = await fetch(`${BASE}/api/openapi.json`, { signal });
  if (!document.ok) throw await problemOf(document);
  return read(((await document.json()) as { info?: unknown }).info);
}

function read(answer: unknown): About {
  const found = (answer ?? {}) as Record<string, unknown>;
  const about: About = { version: typeof found['version'] === 'string' ? found['version'] : '' };
  for (const name of ['commit', 'started_at', 'database'] as const) {
    const value = found[name];
    if (typeof value === 'string' && value !== '') about[name] = value;
  }
  return about;
}

export interface Health {
  isAlive: boolean;
  isReady: boolean;
  /** Why it is not ready; a sentence of the server's. */
  why: string;
}

/** Of the process and of what it needs. Rejects when there is no answer at all. */
export async function loadHealth(signal: AbortSignal): Promise<Health> {
  const [alive, ready] = await Promise.all([
    fetch(`${BASE}/healthz`, { signal, cache: 'no-store' }),
    fetch(`${BASE}/readyz`, { signal, cache: 'no-store' }),
  ]);
  return { isAlive: alive.ok, isReady: ready.ok, why: ready.ok ? '' : (await problemOf(ready)).detail };
}
