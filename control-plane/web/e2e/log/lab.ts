// Builds the page of the log viewer as the whole UI is built, and serves it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, preview } from 'vite';
import { closeBrowser, openPage, type BrowserPage, type PageOptions } from '../harness/browser';

export interface Lab {
  open(options?: PageOptions & { fragment?: string }): Promise<BrowserPage>;
  close(): Promise<void>;
}

export async function startLab(): Promise<Lab> {
  const outDir = mkdtempSync(join(tmpdir(), 'slipway-log-'));
  const shared = { configFile: false, root: import.meta.dirname, logLevel: 'error' } as const;
  await build({
    ...shared,
    base: './',
    worker: { format: 'es' },
    build: { outDir, assetsInlineLimit: 0, target: 'es2022', modulePreload: { polyfill: false } },
  });
  const server = await preview({ ...shared, build: { outDir }, preview: { host: '127.0.0.1', port: 0 } });
  const address = server.httpServer.address();
  if (address === null || typeof address === 'string') throw new Error('the page has no port');
  return {
    async open({ fragment = '', ...options } = {}) {
      const opened = await openPage(`http://127.0.0.1:${address.port}/${fragment}`, { width: 1280, height: 800, ...options });
      await opened.page.waitForFunction(() => 'lab' in window);
      return opened;
    },
    async close() {
      await closeBrowser();
      await server.close();
      rmSync(outDir, { recursive: true, force: true });
    },
  };
}
