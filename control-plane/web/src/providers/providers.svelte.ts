/** The providers of this installation, loaded once for the page. */
import { api, body, type Schemas } from '../api';
import type { IconName } from '../ui/icons';

export type Provider = Schemas['ProviderView'];
export type Kind = Provider['kind'];

/** In the order in which people are offered them. */
export const KINDS: readonly Kind[] = ['git', 'static', 'container', 'package'];

export const KIND_ICONS: Readonly<Record<Kind, IconName>> = {
  git: 'branch', static: 'globe', container: 'container', package: 'package',
};

let loaded = $state.raw<readonly Provider[]>([]);
let loading: Promise<readonly Provider[]> | undefined;

/** A failed load is tried again by the next caller. */
export function loadProviders(): Promise<readonly Provider[]> {
  loading ??= body(api.GET('/api/providers')).then(
    ({ items }) => (loaded = items),
    (error: unknown) => {
      loading = undefined;
      throw error;
    },
  );
  return loading;
}

/** What is known of a provider so far; asks for the list when it is the first to want it. */
export function provider(id: string): Provider | undefined {
  if (loading === undefined) loadProviders().catch(() => {});
  return loaded.find((one) => one.id === id);
}

/** As people call it; the id until the list is here, or when it is no longer in it. */
export function providerName(id: string): string {
  return provider(id)?.name ?? id;
}
