import { afterEach } from 'vitest';
import { closeQueues, expectNothingLeft } from './helpers.js';

// Registered for every file, also where files share a process.
afterEach(async () => {
  await closeQueues();
  await expectNothingLeft();
});
