/** Who may do what: the server's table (`access/mod.rs`), so that controls can say beforehand what it would refuse. */

export const ROLES = ['viewer', 'deployer', 'maintainer', 'admin'] as const;
export type Role = (typeof ROLES)[number];

export const TOKEN_SCOPES = ['read', 'deploy', 'targets', 'accounts', 'admin'] as const;
export type TokenScope = (typeof TOKEN_SCOPES)[number];

/** What somebody wants to do with a record, with the least role in its team and the scope a token needs. */
export const ACTIONS = {
  read: { role: 'viewer', scope: 'read' },
  deploy: { role: 'deployer', scope: 'deploy' },
  manageSandboxes: { role: 'maintainer', scope: 'deploy' },
  manageTargets: { role: 'maintainer', scope: 'targets' },
  manageAccounts: { role: 'maintainer', scope: 'accounts' },
  administer: { role: 'admin', scope: 'admin' }
} as const satisfies Record<string, { role: Role; scope: TokenScope }>;
export type Action = keyof typeof ACTIONS;

/** As much of `GET /api/me` as decides. */
export interface Principal {
  is_admin: boolean;
  teams: readonly { id: string; role: Role }[];
  scopes: readonly TokenScope[];
}

/** What is missing, when something is. */
export type Missing = { what: 'role'; role: Role } | { what: 'scope'; scope: TokenScope } | { what: 'installation-admin' };

export function roleAllows(role: Role, action: Action): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(ACTIONS[action].role);
}

/**
 * What `principal` lacks to do `action` with a record of this team, of their own (`null`), or with the installation;
 * `undefined` when nothing.
 */
export function missing(principal: Principal, action: Action, owner: string | null | 'installation'): Missing | undefined {
  const needed = ACTIONS[action];
  if (owner === 'installation') {
    if (action !== 'read' && !principal.is_admin) return { what: 'installation-admin' };
  } else if (owner !== null) {
    const role = principal.teams.find(({ id }) => id === owner)?.role;
    if (!role || !roleAllows(role, action)) return { what: 'role', role: needed.role };
  }
  if (!scopesAllow(principal.scopes, needed.scope)) return { what: 'scope', scope: needed.scope };
  return undefined;
}

/** Each scope includes reading; `admin` includes all. */
export function scopesAllow(scopes: readonly TokenScope[], scope: TokenScope): boolean {
  return scopes.includes('admin') || scopes.includes(scope) || (scope === 'read' && scopes.length > 0);
}
