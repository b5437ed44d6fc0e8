/** Why a control does nothing for whoever looks at it, in words. */
import { t } from '../../i18n';
import { me } from '../../session';
import { type Action, missing } from '../teams/roles';

/** `undefined` when they may. `owner`: the team, or `null` for what is one's own. */
export function whyNot(action: Action, owner: string | null | undefined | 'installation'): string | undefined {
  const principal = me();
  if (!principal) return t('access.signed_out');
  const lack = missing(principal, action, owner ?? null);
  switch (lack?.what) {
    case undefined:
      return undefined;
    case 'role':
      return t('access.needs_role', { role: t(`role.${lack.role}`) });
    case 'scope':
      return t('access.needs_scope', { scope: lack.scope });
    case 'installation-admin':
      return t('access.needs_admin');
  }
}
