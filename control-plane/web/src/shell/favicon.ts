/** The favicon tells how the watched deployment stands, for whoever works in another tab. */

export type WatchedState = 'running' | 'ok' | 'failed';

export function setFavicon(state: WatchedState | undefined): void {
  const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  const file = state === undefined ? './favicon.svg' : `./favicon-${state}.svg`;
  if (link && link.getAttribute('href') !== file) link.setAttribute('href', file);
}
