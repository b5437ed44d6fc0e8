/** Sandboxes that deployments belong to, asked for once each: whose they are decides what one may do. */
import { SvelteMap } from 'svelte/reactivity';
import { api, body, type Schemas } from '../api';
import { whyNot } from '../pages/shared/access';
import type { Action } from '../pages/teams/roles';
import { me } from '../session';

export type Sandbox = Schemas['SandboxView'];

const known = new SvelteMap<string, Sandbox>();
const asked = new Set<string>();

/** What is known of it so far; asks for it when nobody has. */
export function sandboxOf(id: string): Sandbox | undefined {
  if (!asked.has(id)) {
    asked.add(id);
    body(api.GET('/api/sandboxes/{id}', { params: { path: { id } } })).then(
      (sandbox) => known.set(id, sandbox),
      () => asked.delete(id),
    );
  }
  return known.get(id);
}

export function noteSandbox(sandbox: Sandbox): void {
  asked.add(sandbox.id);
  known.set(sandbox.id, sandbox);
}

/** Why one may not act on a sandbox and its deployments; `undefined` when one may. The server decides again. */
export function refusal(sandboxId: string, action: Action = 'deploy'): string | undefined {
  // Without a team everything one sees is one's own; only the reach of the session counts.
  if ((me()?.teams.length ?? 0) === 0) return whyNot(action, null);
  const sandbox = sandboxOf(sandboxId);
  return sandbox ? whyNot(action, sandbox.team_id) : undefined;
}
