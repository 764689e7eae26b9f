import type { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { defineConfig } from 'vitest/config';

/** Of a process of tests that crashes Vitest says only that it has ended. */
const saysHowProcessesEnd = {
  onInit: () =>
    subscribe('child_process', (message) => {
      const { process: child } = message as { process: ChildProcess };
      child.once('exit', (code, signal) => {
        if (code !== 0 && !child.killed) console.error(`a process of tests (${child.pid}) has ended with ${signal ?? `code ${code}`}`);
      });
    }),
};

export default defineConfig({
  test: {
    // Worker threads of a worker thread have no inspector, and what a fault breaks must not break the runner.
    pool: 'forks',
    // Two cores; most tests wait for threads.
    maxWorkers: 2,
    // A process for all files of a worker: a start and its imports cost a second. What a file leaves behind fails its own tests (setup.ts).
    isolate: false,
    setupFiles: ['test/setup.ts'],
    reporters: ['default', saysHowProcessesEnd],
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
