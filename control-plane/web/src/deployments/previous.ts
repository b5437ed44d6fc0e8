/** What a deployment is compared with: what is live now, or for the live one what was before it. */
import { api, body } from '../api';
import type { Deployment } from './status';

const LOOKED_THROUGH = 100;

export async function previousRelease(deployment: Deployment): Promise<Deployment | undefined> {
  const query = {
    target_id: deployment.target_id, environment: deployment.environment, status: ['success' as const],
    limit: LOOKED_THROUGH,
  };
  const { items } = await body(api.GET('/api/deployments', { params: { query } }));
  const others = items.filter(({ id }) => id !== deployment.id);
  if (deployment.is_live) return others.find(({ created_at }) => created_at < deployment.created_at);
  return others.find(({ is_live }) => is_live) ?? others[0];
}
