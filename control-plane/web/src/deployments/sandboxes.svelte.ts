/** Sandboxes that deployments belong to, asked for once each: whose they are decides what one may do. */
import { SvelteMap } from 'svelte/reactivity';
import { api, body, type Schemas } from '../api';
import { may, me, type Role } from '../session';
import { t } from '../i18n';

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

/** Why one may not act on a sandbox's deployments; `undefined` when one may. The server decides again. */
export function refusal(sandboxId: string, needed: Role = 'deployer'): string | undefined {
  if ((me()?.teams.length ?? 0) === 0) return undefined;
  const sandbox = sandboxOf(sandboxId);
  if (!sandbox || may(needed, sandbox.team_id)) return undefined;
  return t(`role.needs.${needed === 'admin' ? 'admin' : needed === 'maintainer' ? 'maintainer' : 'deployer'}`);
}
