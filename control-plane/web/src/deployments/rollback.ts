/** Whether a former release can be live again. */
import { t } from '../i18n';
import { provider, providerName } from '../providers';
import { refusal } from './sandboxes.svelte';
import type { Deployment } from './status';

/** Why not; `undefined` when it can. */
export function rollbackReason(deployment: Deployment): string | undefined {
  if (deployment.is_live) return t('rollback.is_live');
  if (deployment.dry_run) return t('rollback.dry_run');
  if (deployment.status !== 'success') return t('rollback.never_live');
  if (provider(deployment.provider)?.capabilities.rollback === false) {
    return t('rollback.unsupported', { provider: providerName(deployment.provider) });
  }
  if (!deployment.artifact_stored) return t('rollback.removed');
  return refusal(deployment.sandbox_id);
}
