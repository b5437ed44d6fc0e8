/** The pages of the settings, in the order of their list. */
import type { MessageKey } from '../../i18n';
import { href, type RoutePath } from '../../router';
import type { IconName } from '../../ui';

export interface Section {
  path: RoutePath;
  href: string;
  label: MessageKey;
  icon: IconName;
  /** For administrators of the installation. */
  isForAdmins?: boolean;
}

export const SECTIONS: readonly Section[] = [
  { path: '/settings', href: href('/settings'), label: 'settings.profile', icon: 'user' },
  { path: '/settings/tokens', href: href('/settings/tokens'), label: 'tokens.title', icon: 'key' },
  { path: '/settings/teams', href: href('/settings/teams'), label: 'teams.title', icon: 'people' },
  { path: '/settings/people', href: href('/settings/people'), label: 'people.title', icon: 'shield', isForAdmins: true },
  { path: '/settings/about', href: href('/settings/about'), label: 'about.title', icon: 'server' },
];
