import { writeFile } from 'node:fs/promises';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';
import { groups } from './scripts/chunks.mjs';
import { inlineMessages } from './scripts/inline-messages.mjs';

// A running `slipway serve`, for `npm run dev`.
const server = process.env.SLIPWAY_URL ?? 'http://127.0.0.1:7070';

/** Git keeps the directory by this file, so that the binary can be built without the UI; building empties it. */
function keepDirectory(): Plugin {
  return {
    name: 'keep-directory',
    apply: 'build',
    writeBundle: () => writeFile(new URL('dist/.gitkeep', import.meta.url), ''),
  };
}

export default defineConfig({
  // Relative, so that the same files work below any path: `<base href>` says which.
  base: './',
  plugins: [inlineMessages(), svelte(), keepDirectory()],
  build: {
    target: 'es2022',
    // Nothing is inlined: the Content-Security-Policy knows no `data:` scripts or styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    emptyOutDir: true,
    reportCompressedSize: false,
    // One style sheet: what is alike compresses better together.
    cssCodeSplit: false,
    rolldownOptions: { output: { codeSplitting: { groups } } },
  },
  worker: { format: 'es' },
  server: {
    proxy: {
      // Without `Origin` the server takes the request for one of its own pages.
      '/api': { target: server, changeOrigin: true, headers: { origin: server } },
      '/healthz': server,
      '/readyz': server,
      '/setup': server,
      '/sign-in': server,
    },
  },
  test: {
    projects: [
      {
        extends: true,
        resolve: { conditions: ['browser'] },
        test: { name: 'unit', include: ['src/**/*.test.ts'], environment: 'node' },
      },
    ],
  },
});
