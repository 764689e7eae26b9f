import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Worker threads of a worker thread have no inspector, and what a fault breaks must not break the runner.
    pool: 'forks',
    // Two cores; most tests wait for threads.
    maxWorkers: 2,
    // A process for all files of a worker: a start and its imports cost a second. What a file leaves behind fails its own tests (setup.ts).
    isolate: false,
    setupFiles: ['test/setup.ts'],
    // The build as it is, loaded by Node.js: as a user has it, and the same modules as in threads.
    server: { deps: { external: [/\/dist\//] } },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: { name: 'quick', include: ['test/**/*.test.ts'], exclude: ['test/**/*.slow.test.ts', 'test/integrations/**'] },
      },
      // What takes long, and properties with more runs (FAULT_RUNS).
      { extends: true, test: { name: 'slow', include: ['test/**/*.slow.test.ts', 'test/faults/properties.test.ts'] } },
    ],
  },
});
