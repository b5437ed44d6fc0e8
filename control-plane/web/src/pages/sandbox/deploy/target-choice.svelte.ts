/** What somebody has chosen in the target dialog so far, and what becomes of it. */
import { api, asProblem, body, idempotencyKey, type ApiProblem, type Schemas } from '../../../api';
import { sentence } from '../../../api/describe';
import type { Deployment } from '../../../deployments/status';
import { t } from '../../../i18n';
import type { Kind, Provider } from '../../../providers';
import { checkConfig, cleanConfig, fieldOfProblem, fieldsOf, type Config, type ConfigSchema, type FormField } from '../../../ui/provider-form';
import { BUILD_KEYS, checkBuild, type BuildKey } from '../../targets/form';

export type Target = Schemas['TargetView'];
export type Account = Schemas['AccountStatusView'];
export type Environment = Deployment['environment'];

export const ENVIRONMENTS: readonly Environment[] = ['production', 'preview', 'staging'];
export const STEPS = ['account', 'destination', 'review'] as const;
export type StepId = (typeof STEPS)[number];

/** A target there is, or a new one at a provider with one of its accounts. */
export type Selection =
  | { kind: 'target'; target: Target; provider: Provider }
  | { kind: 'new'; provider: Provider; account: Account | undefined };

const NAME_CHARS = 100;

export class TargetChoice {
  step = $state<StepId>('account');
  selection = $state.raw<Selection>();
  config = $state.raw<Config>({});
  /** Empty until somebody names it: then it is named by what it is. */
  name = $state('');
  environment = $state<Environment>('production');
  /** Build settings for this deployment alone; what is empty is detected. */
  build = $state.raw<Partial<Record<BuildKey, string>>>({});
  commitMessage = $state('');
  dryRun = $state(false);
  problems = $state.raw<Readonly<Record<string, string>>>({});
  problem = $state.raw<ApiProblem>();
  isBusy = $state(false);
  isTouched = $state(false);

  readonly fields: readonly FormField[] = $derived.by(() =>
    this.selection ? fieldsOf(this.selection.provider.config_schema as ConfigSchema) : [],
  );

  readonly #sandbox: Schemas['SandboxView'];
  readonly #kind: Kind;
  /** One wish, one deployment: kept while the same is sent again. */
  #key = idempotencyKey();
  #made: Target | undefined;

  constructor(sandbox: Schemas['SandboxView'], kind: Kind) {
    this.#sandbox = sandbox;
    this.#kind = kind;
    this.dryRun = kind === 'package';
  }

  /** How a new target is called when nobody says otherwise. */
  get suggestedName(): string {
    if (this.selection?.kind !== 'new') return '';
    const { provider } = this.selection;
    const parts = this.fields.flatMap((field) => {
      const value = this.config[field.key];
      return field.isRequired && typeof value === 'string' && value !== '' ? [value] : [];
    });
    const branch = typeof this.config['branch'] === 'string' ? this.config['branch'] : undefined;
    const what = [parts.join('/'), branch].filter(Boolean).join(' ');
    return `${provider.name}${what ? ` · ${what}` : ` · ${this.#sandbox.name}`}`.slice(0, NAME_CHARS);
  }

  select(selection: Selection): void {
    this.isTouched = true;
    this.selection = selection;
    this.config = {};
    this.problems = {};
    this.problem = undefined;
    this.#made = undefined;
  }

  /** What is most likely meant, until somebody chooses. */
  suggest(selection: Selection): void {
    if (this.selection || this.isTouched) return;
    this.selection = selection;
  }

  set(config: Config): void {
    this.isTouched = true;
    this.config = config;
  }

  check(key: string): void {
    const found = checkConfig(this.fields, this.config)[key];
    const { [key]: _, ...others } = this.problems;
    this.problems = found ? { ...others, [key]: found } : others;
  }

  back(): void {
    this.step = this.step === 'review' ? 'destination' : 'account';
    this.problem = undefined;
  }

  /** Goes on when what is on this step is right. */
  next(): void {
    if (this.step === 'account') {
      if (this.selection) this.step = 'destination';
      else this.problems = { selection: t('target.choose') };
      return;
    }
    if (this.selection?.kind === 'new') this.problems = checkConfig(this.fields, this.config);
    if (Object.keys(this.problems).length === 0) this.step = 'review';
  }

  /** Makes the target, if it is new, and deploys; the deployment, unless something is wrong. */
  async submit(): Promise<Deployment | undefined> {
    const wrong = checkBuild(this.build);
    this.problems = Object.fromEntries(
      Object.entries(wrong).map(([key, problem]) => [key, t(`build.problem_${problem}`)]),
    );
    if (this.isBusy || !this.selection || Object.keys(wrong).length > 0) return undefined;
    this.isBusy = true;
    this.problem = undefined;
    try {
      const target = this.selection.kind === 'target' ? this.selection.target : await this.#make(this.selection);
      return await this.#deploy(target);
    } catch (error) {
      this.#refused(asProblem(error));
      return undefined;
    } finally {
      this.isBusy = false;
    }
  }

  async #make({ provider, account }: Selection & { kind: 'new' }): Promise<Target> {
    this.#made ??= await body(
      api.POST('/api/deployments/targets', {
        params: { header: { 'Idempotency-Key': `${this.#key}-target` } },
        body: {
          provider: provider.id,
          name: this.name.trim() || this.suggestedName,
          credentials_id: account?.credentials_id,
          team_id: this.#sandbox.team_id,
          config: cleanConfig(this.fields, this.config) as Target['config'],
        },
      }),
    );
    return this.#made;
  }

  #deploy(target: Target): Promise<Deployment> {
    const build = Object.fromEntries(
      BUILD_KEYS.flatMap((key) => (this.build[key]?.trim() ? [[key, this.build[key].trim()]] : [])),
    );
    return body(
      api.POST('/api/sandboxes/{id}/deploy', {
        params: { path: { id: this.#sandbox.id }, header: { 'Idempotency-Key': this.#key } },
        body: {
          target_id: target.id,
          environment: this.environment,
          ...build,
          ...(this.#kind === 'git' && this.commitMessage.trim() && { commit_message: this.commitMessage.trim() }),
          dry_run: this.dryRun,
        },
      }),
    );
  }

  /** To the field it is about, where there is one; the next attempt is another wish. */
  #refused(problem: ApiProblem): void {
    if (!problem.isTransient) this.#key = idempotencyKey();
    const key = fieldOfProblem(problem.detail);
    if (key !== undefined && this.fields.some((field) => field.key === key)) {
      this.problems = { [key]: sentence(problem.detail) };
      this.step = 'destination';
    } else {
      this.problem = problem;
    }
  }
}
