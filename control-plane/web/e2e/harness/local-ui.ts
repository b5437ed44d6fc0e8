/**
 * With `SLIPWAY_UI_DIR=dist` pages have the UI of that directory instead of the one in the program, which then need
 * not be built again for every change of the UI. Headers, and so the policy, stay those of the program.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { BrowserContext } from 'playwright-core';

const BASE = /<base href="[^"]*"/;

export async function useLocalUi(context: BrowserContext, origin: string): Promise<void> {
  const directory = process.env.SLIPWAY_UI_DIR;
  if (!directory) return;
  const file = (url: string) => join(resolve(directory), /(assets\/[^/?#]+|[^/?#]*)(?:[?#]|$)/.exec(new URL(url).pathname)?.[1] ?? '');
  const isUi = (url: URL) => url.origin === origin && /\.(?:js|css|svg)$/.test(url.pathname) && existsSync(file(url.href));
  await context.route(isUi, (route) => route.fulfill({ path: file(route.request().url()) }));
  await context.route((url) => url.origin === origin && !url.pathname.includes('/api/'), async (route) => {
    if (route.request().resourceType() !== 'document') return route.fallback();
    const response = await route.fetch({ maxRedirects: 0 }).catch(() => undefined);
    if (!response) return route.abort('connectionrefused');
    const body = await response.text();
    // Only what the program answers with the UI: its other pages are its own.
    const base = /<div id="app">/.test(body) ? BASE.exec(body)?.[0] : undefined;
    if (base === undefined) return route.fulfill({ response, body });
    return route.fulfill({ response, body: readFileSync(join(resolve(directory), 'index.html'), 'utf8').replace(BASE, base) });
  });
}
