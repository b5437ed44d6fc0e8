/** What the Deploy menu offers: kinds with a provider, the one that fits best, and why others do not fit. */
import type { Schemas } from '../../../api';
import { frameworkName } from '../../../deployments/frameworks';
import { t } from '../../../i18n';
import { KINDS, type Kind, type Provider } from '../../../providers';

export type Plan = Schemas['PlanView'];

export interface KindChoice {
  kind: Kind;
  label: string;
  description: string;
  /** "Recommended for: Next.js"; at most one choice has it. */
  tag: string | undefined;
  disabledReason: string | undefined;
}

/** Below this, detection says only what it looks like. */
const SURE = 0.6;

/** `plan` is undefined while it is looked at, and when the agent is not there: then nothing is ruled out. */
export function kindChoices(providers: readonly Provider[], plan: Plan | undefined): KindChoice[] {
  const offered = KINDS.filter((kind) => providers.some((provider) => provider.kind === kind));
  const best = plan?.deployable.find((kind) => offered.includes(kind));
  return offered.map((kind) => ({
    kind,
    label: t(`kind.${kind}`),
    description: t(`kind.about.${kind}`, { providers: namesOf(providers, kind) }),
    tag: plan && kind === best ? tagOf(plan) : undefined,
    disabledReason: plan && !plan.deployable.includes(kind) ? reasonFor(kind, plan) : undefined,
  }));
}

/** The kind one would be taken to without choosing. */
export function bestKind(choices: readonly KindChoice[]): Kind | undefined {
  const possible = choices.filter(({ disabledReason }) => disabledReason === undefined);
  return (possible.find(({ tag }) => tag !== undefined) ?? possible.find(({ kind }) => kind === 'static') ?? possible[0])?.kind;
}

function tagOf(plan: Plan): string {
  const values = { framework: frameworkName(plan.framework) };
  return t(plan.confidence >= SURE ? 'kind.recommended' : 'kind.looks_like', values);
}

function reasonFor(kind: Kind, plan: Plan): string {
  if (plan.deployable.length === 0) return t('kind.not.nothing');
  return t(`kind.not.${kind}`, { framework: frameworkName(plan.framework) });
}

function namesOf(providers: readonly Provider[], kind: Kind): string {
  const names = providers.filter((provider) => provider.kind === kind).map(({ name }) => name);
  return new Intl.ListFormat('en', { type: kind === 'git' ? 'disjunction' : 'conjunction', style: 'narrow' }).format(names);
}
