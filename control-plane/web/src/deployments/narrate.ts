/** What changed between two looks at a deployment, in sentences for those who listen instead of looking. */
import { formatDuration } from '../format';
import { t } from '../i18n';
import type { ShownStep } from './steps';

const QUARTERS = [75, 50, 25] as const;

/** In the order in which it happened. */
export function narrate(before: readonly ShownStep[], now: readonly ShownStep[]): string[] {
  return now.flatMap((step, index) => {
    const was = before[index];
    if (!was || was.id !== step.id) return [];
    return was.state === step.state ? quarter(was, step) : (change(step) ?? []);
  });
}

function change(step: ShownStep): string | undefined {
  const took = step.startedAt !== undefined && step.completedAt !== undefined ? step.completedAt - step.startedAt : undefined;
  switch (step.state) {
    case 'running': return t('narrate.started', { step: step.title });
    case 'done': return took === undefined
      ? t('narrate.done', { step: step.title })
      : t('narrate.done_in', { step: step.title, duration: formatDuration(took) });
    case 'failed': return t('narrate.failed', { step: step.title });
    case 'cancelled': return t('narrate.cancelled', { step: step.title });
    default: return undefined;
  }
}

function quarter(was: ShownStep, step: ShownStep): string[] {
  const passed = QUARTERS.find((mark) => (was.percent ?? 0) < mark && (step.percent ?? 0) >= mark);
  return passed === undefined ? [] : [t('narrate.percent', { step: step.title, percent: passed })];
}
