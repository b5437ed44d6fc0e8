/** The teams somebody is in, for names and choices. */
import { all, api, body, type Schemas } from '../../api';

export type Teams = readonly Schemas['TeamView'][];

export function loadTeams(signal: AbortSignal): Promise<Schemas['TeamView'][]> {
  return all((cursor) => body(api.GET('/api/teams', { params: { query: { limit: 100, ...(cursor && { cursor }) } }, signal })));
}

/** What to call the owner of a record. */
export function teamName(teams: Teams | undefined, id: string | null | undefined, own: string): string {
  if (id === null || id === undefined) return own;
  return teams?.find((team) => team.id === id)?.name ?? id;
}
