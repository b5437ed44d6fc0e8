/** What is shown where. Pages load when somebody goes there. */
import type { Component } from 'svelte';
import type { RoutePath } from './paths';

export interface Route {
  load: () => Promise<{ default: Component }>;
  /** Shown to people who are not signed in, and without the navigation. */
  isBare?: boolean;
}

export const ROUTES: Readonly<Record<RoutePath, Route>> = {
  '/': { load: () => import('../pages/overview/OverviewPage.svelte') },
  '/login': { load: () => import('../pages/sign-in/SignInPage.svelte'), isBare: true },
  '/sandboxes/:id': { load: () => import('../pages/sandbox/SandboxPage.svelte') },
  '/deployments': { load: () => import('../pages/history/HistoryPage.svelte') },
  '/deployments/:id/compare/:other': { load: () => import('../pages/deployment/ComparePage.svelte') },
  '/embed/deploy': { load: () => import('../pages/embed/EmbedPage.svelte'), isBare: true },
  '/deployments/:id': { load: () => import('../pages/deployment/DeploymentPage.svelte') },
  '/setup': { load: () => import('../pages/setup/SetupPage.svelte'), isBare: true },
  '/sandboxes': { load: () => import('../pages/sandbox/SandboxesPage.svelte') },
  '/accounts': { load: () => import('../pages/accounts/AccountsPage.svelte') },
  '/accounts/connect/:provider': { load: () => import('../pages/accounts/ConnectPage.svelte') },
  '/targets': { load: () => import('../pages/targets/TargetsPage.svelte') },
  '/targets/new': { load: () => import('../pages/targets/NewTargetPage.svelte') },
  '/targets/:id': { load: () => import('../pages/targets/TargetPage.svelte') },
  '/agents': { load: () => import('../pages/agents/AgentsPage.svelte') },
  '/audit': { load: () => import('../pages/audit/AuditPage.svelte') },
  '/settings': { load: () => import('../pages/settings/ProfilePage.svelte') },
  '/settings/tokens': { load: () => import('../pages/tokens/TokensPage.svelte') },
  '/settings/teams': { load: () => import('../pages/teams/TeamsPage.svelte') },
  '/settings/teams/:id': { load: () => import('../pages/teams/TeamPage.svelte') },
  '/settings/people': { load: () => import('../pages/settings/PeoplePage.svelte') },
  '/settings/about': { load: () => import('../pages/settings/AboutPage.svelte') },
};
