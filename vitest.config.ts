import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Worker threads of a worker thread have no inspector, and what a fault breaks must not break the runner.
    pool: 'forks',
    // Two cores; most tests wait for threads.
    maxWorkers: 2,
    // On CI's noisy cores a fault may come at an unlucky moment; a test that fails twice in a row has failed.
    retry: process.env.CI ? 1 : 0,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
