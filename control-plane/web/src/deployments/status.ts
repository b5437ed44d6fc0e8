/** How deployments stand, in words and shapes. */
import type { Schemas } from '../api';
import { t } from '../i18n';
import type { Look } from '../ui/StatusIcon.svelte';
import type { WatchedState } from '../shell/favicon';

export type Deployment = Schemas['DeploymentView'];
export type Status = Deployment['status'];

export const ACTIVE: readonly Status[] = ['pending', 'building', 'uploading', 'deploying'];

export function isActive(deployment: { status: Status }): boolean {
  return ACTIVE.includes(deployment.status);
}

export function lookOf(deployment: Pick<Deployment, 'status' | 'waiting_on'>): Look {
  switch (deployment.status) {
    case 'pending': return 'pending';
    case 'success': return 'done';
    case 'failed': return 'failed';
    case 'cancelled': return 'cancelled';
    default: return deployment.waiting_on ? 'waiting' : 'running';
  }
}

/** Of those that succeeded, only one is live. */
export function statusWord(deployment: Pick<Deployment, 'status' | 'is_live' | 'dry_run'>): string {
  const { status, is_live, dry_run } = deployment;
  if (status !== 'success' || is_live) return t(`status.${status}`);
  return t(dry_run ? 'status.dry_run' : 'status.superseded');
}

export function environmentWord(environment: Deployment['environment']): string {
  return t(`environment.${environment}`);
}

/** For the glyph in the tab and the favicon; cancelled is neither good nor bad. */
export function watchedState(status: Status): WatchedState | undefined {
  if (status === 'success') return 'ok';
  if (status === 'failed') return 'failed';
  return status === 'cancelled' ? undefined : 'running';
}

/** Milliseconds from its beginning to its end, or until `now`; `undefined` while it waits. */
export function elapsed(
  span: { started_at?: string | null; completed_at?: string | null }, now: number,
): number | undefined {
  if (!span.started_at) return undefined;
  return Math.max(0, (span.completed_at ? Date.parse(span.completed_at) : now) - Date.parse(span.started_at));
}
