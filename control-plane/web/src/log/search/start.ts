// Starts the search worker from a file of our own. Under `require-trusted-types-for 'script'` its address
// has to come from a policy; this one knows a single address.

import workerUrl from './worker?worker&url';

interface ScriptUrlPolicy {
  createScriptURL(url: string): string;
}
interface PolicyFactory {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): ScriptUrlPolicy;
}

let policy: ScriptUrlPolicy | null = null;

export function startWorker(): Worker {
  const factory = (globalThis as { trustedTypes?: PolicyFactory }).trustedTypes;
  policy ??= factory?.createPolicy('slipway-log-search', { createScriptURL: () => workerUrl }) ?? { createScriptURL: () => workerUrl };
  return new Worker(policy.createScriptURL(workerUrl), { type: 'module', name: 'log search' });
}
