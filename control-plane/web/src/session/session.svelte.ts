/** Who is signed in, and what they may do. */
import { api, body, type Schemas } from '../api';
import { setCsrfToken, setUnauthenticatedHandler } from '../api/client';

export type Me = Schemas['MeView'];
export type Role = 'viewer' | 'deployer' | 'maintainer' | 'admin';

type State =
  | { kind: 'unknown' }
  | { kind: 'signed_out' }
  | { kind: 'signed_in'; me: Me }
  /** Was signed in; the page with what is typed in it stays, and a dialog asks to sign in again. */
  | { kind: 'expired'; me: Me };

const RANKS: Readonly<Record<Role, number>> = { viewer: 0, deployer: 1, maintainer: 2, admin: 3 };

let state = $state.raw<State>({ kind: 'unknown' });

setUnauthenticatedHandler(() => {
  if (state.kind === 'signed_in') state = { kind: 'expired', me: state.me };
  else if (state.kind === 'unknown') state = { kind: 'signed_out' };
});

export function session(): State {
  return state;
}

/** Whoever is or was signed in. */
export function me(): Me | undefined {
  return state.kind === 'signed_in' || state.kind === 'expired' ? state.me : undefined;
}

/** Asks the server who we are. Throws when it does not answer; not being signed in is no error. */
export async function loadSession(): Promise<void> {
  try {
    const found = await body(api.GET('/api/me'));
    // Somebody else has signed in meanwhile: nothing of the one before may stay on the page.
    if (state.kind === 'expired' && state.me.id !== found.id) return window.location.reload();
    setCsrfToken(found.csrf_token ?? null);
    state = { kind: 'signed_in', me: found };
  } catch (error) {
    if ((error as { status?: unknown }).status !== 401) throw error;
    // The page with what is typed in it stays until somebody signs in over it.
    if (state.kind === 'expired') return;
    setCsrfToken(null);
    state = { kind: 'signed_out' };
  }
}

/** Signs in with name and password; throws an `ApiProblem` when that fails. */
export async function signIn(name: string, password: string): Promise<void> {
  const answer = await body(api.POST('/api/auth/login', { body: { name, password } }));
  setCsrfToken(answer.csrf_token);
  await loadSession();
}

export async function signOut(): Promise<void> {
  await api.POST('/api/auth/logout');
  setCsrfToken(null);
  state = { kind: 'signed_out' };
}

/** One's role in a team; of what is one's own (`null`) one may do everything. */
export function roleIn(teamId: string | null | undefined): Role {
  if (teamId === null || teamId === undefined) return 'admin';
  return me()?.teams.find((team) => team.id === teamId)?.role ?? 'viewer';
}

/** Whether one's role in the team includes `role`; the server decides again. */
export function may(role: Role, teamId: string | null | undefined): boolean {
  return RANKS[roleIn(teamId)] >= RANKS[role];
}
