/** What the navigation leads to, in its order. */
import type { MessageKey } from '../i18n';
import { href } from '../router/paths';
import type { IconName } from '../ui/icons';

export interface NavItem {
  label: MessageKey;
  href: string;
  icon: IconName;
  /** The first part of the paths that belong to it. */
  section: string;
  /** After `g`, goes there. */
  key?: string;
}

export const NAVIGATION: readonly NavItem[] = [
  { label: 'nav.overview', href: href('/'), icon: 'home', section: '', key: 'o' },
  { label: 'nav.sandboxes', href: href('/sandboxes'), icon: 'sandbox', section: 'sandboxes', key: 'p' },
  { label: 'nav.deployments', href: href('/deployments'), icon: 'history', section: 'deployments', key: 'd' },
];

/** For less frequent visits, below a line. */
export const MORE: readonly NavItem[] = [
  { label: 'nav.targets', href: href('/targets'), icon: 'target', section: 'targets', key: 't' },
  { label: 'nav.accounts', href: href('/accounts'), icon: 'key', section: 'accounts', key: 'a' },
  { label: 'nav.agents', href: href('/agents'), icon: 'server', section: 'agents' },
  { label: 'nav.audit', href: href('/audit'), icon: 'log', section: 'audit' },
  { label: 'nav.settings', href: href('/settings'), icon: 'gear', section: 'settings', key: 's' },
];

export function sectionOf(full: string): string {
  return full.split(/[/?#]/)[0] ?? '';
}
