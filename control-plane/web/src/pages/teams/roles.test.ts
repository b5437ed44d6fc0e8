import { describe, expect, it, test } from 'vitest';
import { ACTIONS, type Action, type Principal, ROLES, missing, roleAllows } from './roles';

const team = 'team-1';
const person = (changes: Partial<Principal> = {}): Principal => ({ is_admin: false, teams: [], scopes: ['admin'], ...changes });

test('the table reads as the server has it', () => {
  const table = Object.fromEntries(
    (Object.keys(ACTIONS) as Action[]).map((action) => [action, ROLES.filter((role) => roleAllows(role, action)).join(' ')])
  );
  expect(table).toEqual({
    read: 'viewer deployer maintainer admin',
    deploy: 'deployer maintainer admin',
    manageSandboxes: 'maintainer admin',
    manageTargets: 'maintainer admin',
    manageAccounts: 'maintainer admin',
    administer: 'admin'
  });
});

describe('what is missing', () => {
  it('nothing for what is one’s own', () => {
    expect(missing(person(), 'administer', null)).toBeUndefined();
  });

  it('a role in the team', () => {
    const viewer = person({ teams: [{ id: team, role: 'viewer' }] });
    expect(missing(viewer, 'read', team)).toBeUndefined();
    expect(missing(viewer, 'deploy', team)).toEqual({ what: 'role', role: 'deployer' });
    expect(missing(person(), 'read', team)).toEqual({ what: 'role', role: 'viewer' });
  });

  it('a scope of the token, also for what is one’s own', () => {
    expect(missing(person({ scopes: ['deploy'] }), 'manageTargets', null)).toEqual({ what: 'scope', scope: 'targets' });
    expect(missing(person({ scopes: ['deploy'] }), 'read', null)).toBeUndefined();
    expect(missing(person({ scopes: [] }), 'read', null)).toEqual({ what: 'scope', scope: 'read' });
  });

  it('an administrator of the installation', () => {
    expect(missing(person(), 'administer', 'installation')).toEqual({ what: 'installation-admin' });
    expect(missing(person({ is_admin: true }), 'administer', 'installation')).toBeUndefined();
  });
});
