/** Reading and saving the variables of a target. */
import { api, tagged } from '../../api';
import type { Variable, WantedVariable } from './changes';

export interface Loaded {
  variables: Variable[];
  version: number;
  etag: string | null;
}

interface Answer {
  variables: readonly { name: string; value?: string | null; secret: boolean; environment: Variable['environment']; scope: Variable['scope']; updated_at: string }[];
  version: number;
}

function read({ value, etag }: { value: Answer; etag: string | null }): Loaded {
  const variables = value.variables.map((variable) => ({ ...variable, value: variable.value ?? null }));
  return { variables, version: value.version, etag };
}

export async function loadVariables(id: string, signal?: AbortSignal): Promise<Loaded> {
  const params = { path: { id } };
  return read(await tagged(api.GET('/api/deployments/targets/{id}/env', { params, ...(signal && { signal }) })));
}

/** Only while they are as they were read. */
export async function saveVariables(id: string, seen: Loaded, variables: WantedVariable[]): Promise<Loaded> {
  const params = { path: { id }, header: seen.etag ? { 'If-Match': seen.etag } : {} };
  return read(await tagged(api.PUT('/api/deployments/targets/{id}/env', { params, body: { variables } })));
}
