/** What is shown where. Pages load when somebody goes there. */
import type { Component } from 'svelte';
import type { RoutePath } from './paths';

export interface Route {
  load: () => Promise<{ default: Component }>;
  /** Shown to people who are not signed in, and without the navigation. */
  isBare?: boolean;
}

export const ROUTES: Readonly<Partial<Record<RoutePath, Route>>> = {
  '/': { load: () => import('../pages/overview/OverviewPage.svelte') },
  '/login': { load: () => import('../pages/sign-in/SignInPage.svelte'), isBare: true },
  '/sandboxes/:id': { load: () => import('../pages/sandbox/SandboxPage.svelte') },
  '/deployments': { load: () => import('../pages/history/HistoryPage.svelte') },
  '/deployments/:id/compare/:other': { load: () => import('../pages/deployment/ComparePage.svelte') },
  '/embed/deploy': { load: () => import('../pages/embed/EmbedPage.svelte'), isBare: true },
  '/deployments/:id': { load: () => import('../pages/deployment/DeploymentPage.svelte') },
  '/setup': { load: () => import('../pages/setup/SetupPage.svelte'), isBare: true },
  '/sandboxes': { load: () => import('../pages/sandbox/SandboxesPage.svelte') },
};
