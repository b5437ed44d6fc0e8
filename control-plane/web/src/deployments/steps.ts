/** The five steps people see, of the six the server has: collecting the output is the end of building. */
import type { Schemas } from '../api';
import { bytes, percent } from '../format';
import { t } from '../i18n';
import type { Kind } from '../providers';

type ServerStep = Schemas['StepView'];
export type StepState = ServerStep['state'];

export const SHOWN_STEPS = ['prepare', 'install', 'build', 'upload', 'deploy'] as const;
export type ShownStepId = (typeof SHOWN_STEPS)[number];

export interface ShownStep {
  id: ShownStepId;
  title: string;
  state: StepState;
  startedAt: number | undefined;
  completedAt: number | undefined;
  /** Whole, from 0 to 100; `undefined` when the server does not know. */
  percent: number | undefined;
  /** "12.4 of 30.0 MB". */
  detail: string | undefined;
}

export function shownSteps(steps: readonly ServerStep[], kind: Kind | undefined): ShownStep[] {
  const named = new Map(steps.map((step) => [step.name, step]));
  return SHOWN_STEPS.map((id) => {
    const parts = (id === 'build' ? (['build', 'package'] as const) : [id]).flatMap((name) => named.get(name) ?? []);
    const state = stateOf(parts.map((part) => part.state));
    const progress = id === 'upload' ? parts[0]?.progress : parts.find((part) => part.state === 'running')?.progress;
    return {
      id,
      title: stepTitle(id, kind),
      state,
      startedAt: first(parts.map((part) => part.started_at)),
      completedAt: isEnded(state) ? last(parts.map((part) => part.completed_at)) : undefined,
      percent: state === 'running' && progress ? percent(progress.done, progress.total) : undefined,
      detail: id === 'upload' && progress && progress.total > 0 ? amount(progress.done, progress.total, state) : undefined,
    };
  });
}

/** What a step is called for what is deployed. */
export function stepTitle(id: ShownStepId, kind: Kind | undefined): string {
  if (id === 'build' && kind && kind !== 'static') return t(`step.build.${kind}`);
  if (id === 'deploy' && (kind === 'git' || kind === 'package')) return t(`step.deploy.${kind}`);
  return t(`step.${id}`);
}

function stateOf(states: readonly StepState[]): StepState {
  for (const state of ['failed', 'cancelled', 'running'] as const) if (states.includes(state)) return state;
  if (states.length === 0 || states.every((state) => state === 'pending')) return 'pending';
  if (states.every((state) => state === 'skipped')) return 'skipped';
  // Between two parts of one step.
  return states.includes('pending') ? (states.includes('done') ? 'running' : 'pending') : 'done';
}

function isEnded(state: StepState): boolean {
  return state !== 'pending' && state !== 'running';
}

function amount(done: number, total: number, state: StepState): string {
  return state === 'running' ? t('step.amount', { done: bytes(done), total: bytes(total) }) : bytes(total);
}

function times(values: readonly (string | null | undefined)[]): number[] {
  return values.flatMap((value) => (value ? [Date.parse(value)] : []));
}

function first(values: readonly (string | null | undefined)[]): number | undefined {
  const all = times(values);
  return all.length > 0 ? Math.min(...all) : undefined;
}

function last(values: readonly (string | null | undefined)[]): number | undefined {
  const all = times(values);
  return all.length > 0 ? Math.max(...all) : undefined;
}
