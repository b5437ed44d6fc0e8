/** Providers, and the accounts at each: asked one by one, so that a slow vendor keeps nobody else waiting. */
import { api, body, Resource, type Schemas } from '../../api';

export type Provider = Schemas['ProviderView'];
export type Account = Schemas['AccountStatusView'];

export async function loadProviders(signal: AbortSignal): Promise<Provider[]> {
  return (await body(api.GET('/api/providers', { signal }))).items;
}

/** Providers one needs an account at, those with the fewest hurdles first. */
export function connectable(providers: readonly Provider[]): Provider[] {
  return providers.filter(({ auth }) => auth.length > 0).sort((a, b) => a.name.localeCompare(b.name));
}

/**
 * What is stored, at once, and then whether the provider still takes it.
 */
export class AccountsOf {
  /** What is stored. */
  readonly stored: Resource<Account[]>;
  /** The same, after the provider was asked about each. */
  readonly checked: Resource<Account[]>;

  constructor(readonly provider: Provider) {
    const load = (check: boolean) => async (signal: AbortSignal) => {
      const params = { path: { provider: provider.id }, query: { check } };
      return (await body(api.GET('/api/deployments/auth/{provider}/status', { params, signal }))).accounts;
    };
    this.stored = new Resource(load(false));
    this.checked = new Resource(load(true));
  }

  get list(): readonly Account[] | undefined {
    return this.checked.value ?? this.stored.value;
  }

  /** Whether the provider is still being asked. */
  get isChecking(): boolean {
    return this.checked.isLoading && (this.stored.value?.length ?? 0) > 0;
  }

  readonly load = async (): Promise<void> => {
    await this.stored.reload();
    // Nobody is asked about nothing.
    if (this.stored.value && this.stored.value.length > 0) await this.checked.reload();
    else this.checked.set([]);
  };

  stop(): void {
    this.stored.stop();
    this.checked.stop();
  }
}

const DAY = 24 * 60 * 60 * 1000;

/**
 * Whether Slipway renews the credential before it ends. The API does not tell; what was given for less than a day came
 * from a provider's page or code, and nobody makes such tokens by hand.
 */
export function isRenewed(account: Account): boolean {
  return account.expires_at != null && Date.parse(account.expires_at) - Date.parse(account.renewed_at) < DAY;
}
