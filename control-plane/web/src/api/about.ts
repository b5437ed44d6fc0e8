/** What the program tells of itself. */
import { api, body, type Schemas } from './client';
import { asProblem } from './problem';

export function loadAbout(signal: AbortSignal): Promise<Schemas['AboutView']> {
  return body(api.GET('/api/about', { signal }));
}

export interface Health {
  /** Why it is not ready, a sentence of the server's; empty when it is. */
  why: string;
}

/** Whether it can do its work. Rejects when there is no answer at all. */
export async function loadHealth(signal: AbortSignal): Promise<Health> {
  try {
    await api.GET('/readyz', { signal, parseAs: 'text' });
    return { why: '' };
  } catch (error) {
    const problem = asProblem(error);
    if (problem.status !== 503) throw error;
    return { why: problem.detail };
  }
}
