/** What the Deploy button of a sandbox knows: what is active, what was deployed last, what would be built. */
import { api, body, resource, type Resource, type Schemas } from '../../../api';
import { ACTIVE, type Deployment } from '../../../deployments/status';
import { loadProviders, type Provider } from '../../../providers';
import { kindChoices, type KindChoice, type Plan } from './kinds';

type Sandbox = Schemas['SandboxView'];

const MOST_ACTIVE = 100;
const BUSY = 3_000;
const IDLE = 10_000;

export class DeployState {
  readonly active: Resource<readonly Deployment[]>;
  readonly lastSuccess: Resource<Deployment | null>;
  readonly providers: Resource<readonly Provider[]>;
  /** Fails while the agent is away. */
  readonly plan: Resource<Plan | null>;
  readonly choices: readonly KindChoice[] = $derived.by(() =>
    kindChoices(this.providers.value ?? [], this.plan.value ?? undefined),
  );

  constructor(sandbox: () => Sandbox) {
    const id = sandbox().id;
    const path = { id };
    const list = (status: Deployment['status'][], limit: number, signal: AbortSignal) =>
      body(api.GET('/api/sandboxes/{id}/deployments', { params: { path, query: { status, limit } }, signal }));
    this.active = resource<readonly Deployment[]>(async (signal) => (await list([...ACTIVE], MOST_ACTIVE, signal)).items, {
      every: (items) => ((items?.length ?? 0) > 0 ? BUSY : IDLE),
    });
    this.lastSuccess = resource<Deployment | null>(async (signal) => {
      const { items } = await list(['success'], 10, signal);
      return items.find(({ dry_run }) => !dry_run) ?? null;
    });
    this.providers = resource(() => loadProviders());
    const isOnline = $derived(sandbox().status === 'online');
    this.plan = resource(async (signal) => {
      if (!isOnline) return null;
      return body(api.GET('/api/sandboxes/{id}/detect', { params: { path }, signal }));
    });
  }
}
