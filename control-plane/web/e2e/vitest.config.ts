/** Specs in a browser, against the real programs: `npm run e2e`. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  cacheDir: '../node_modules/.vite-e2e',
  test: {
    root: import.meta.dirname,
    include: ['**/*.spec.ts'],
    environment: 'node',
    // Each file starts programs of its own. More at once only slow each other down.
    maxWorkers: Number(process.env.SLIPWAY_E2E_WORKERS ?? 1),
    // A real install and build on a busy machine.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 10_000,
    expect: { poll: { timeout: 10_000 } },
    reporters: ['verbose'],
  },
});
