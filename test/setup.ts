import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, type TestContext } from 'vitest';
import { closeQueues, expectNothingLeft } from './helpers.js';

/** The tests to run, by name, where not all shall; and where the coverage of one begins and ends. For `npm run mutation` only. */
const wanted = process.env.MUTATION_TESTS && new Set<string>(JSON.parse(readFileSync(process.env.MUTATION_TESTS, 'utf8')));
const mark = (text: string) => (globalThis as any)[Symbol.for('threadmill.mutation')]?.(text);

function nameOf({ task }: TestContext): string {
  const names = [task.name];
  for (let suite = task.suite; suite !== undefined; suite = suite.suite) names.unshift(suite.name);
  return names.join(' > ');
}

beforeEach((context) => {
  if (wanted && !wanted.has(nameOf(context))) context.skip();
  mark('+');
});

// Registered for every file, also where files share a process.
afterEach(async (context) => {
  await closeQueues();
  await expectNothingLeft();
  mark(context.task.result?.state === 'fail' ? '!' : `= ${JSON.stringify(nameOf(context))}`);
});
