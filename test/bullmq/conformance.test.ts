import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AnyJobQueue, JobDefinition } from 'threadmill';
import { createTestQueue, type TestQueue } from 'threadmill/testing';
import { expect, test } from 'vitest';
import { root } from '../docs.js';
import { closeAfterwards } from '../helpers.js';
import { CANNOT, conforms } from './conformance.js';

// Without threads: those that have some are in the slow tests.
const cannot = ['kill', 'catchLate'] as const;
const pass = (queue: AnyJobQueue, ms: number) => (queue as unknown as TestQueue).clock.advance(ms);

/** Its time stands still; what the queue itself puts off is not waited for. */
function make(mode: 'inline' | 'manual', jobs: readonly JobDefinition[]): TestQueue {
  const queue = closeAfterwards(createTestQueue({ mode, jobs, threads: 2 }));
  queue.on('retrying', (_job, _error, delay) => void queue.clock.advance(delay));
  queue.on('snoozed', (_job, delay) => void queue.clock.advance(delay));
  return queue;
}

conforms({ name: 'a test queue, inline', cannot, pass, make: (jobs) => make('inline', jobs) });

/** Says again and again that jobs shall run, as a test would. */
async function keepRunning(queue: TestQueue): Promise<void> {
  for (let closed = false; !closed; await new Promise(setImmediate)) {
    await queue.drain();
    closed = await queue.ready().then(
      () => false,
      () => true,
    );
  }
}

conforms({
  name: 'a test queue, manual',
  cannot,
  pass,
  make: (jobs) => {
    const queue = make('manual', jobs);
    void keepRunning(queue);
    return queue;
  },
});

test('what an engine cannot promise stands in the guide', () => {
  const guide = readFileSync(join(root, 'examples/scale-out/README.md'), 'utf8');
  for (const what of Object.values(CANNOT)) expect(guide).toContain(`| ${what} |`);
});
