/** Where deployments can go. */
export { KIND_ICONS, KINDS, loadProviders, provider, providerName, type Kind, type Provider } from './providers.svelte';
