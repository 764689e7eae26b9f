import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { JobQueue, QueueFullError, TimeoutError } from 'threadmill';
import { match, matchFairly } from './match.job.js';

type Match = typeof match;

/** Sends regular expressions that never end, without end: 12 requests are on their way at any time. */
function attack(queue: JobQueue, definition: Match, signal: AbortSignal) {
  const answers = { killed: 0, refused: 0 };
  const client = async () => {
    while (!signal.aborted) {
      try {
        await queue.run(definition, { user: 'mallory', pattern: '^(a+)+$', text: `${'a'.repeat(40)}!` }, { signal });
      } catch (error) {
        if (error instanceof TimeoutError) answers.killed++;
        if (error instanceof QueueFullError) {
          answers.refused++;
          assert.equal(error.group, 'mallory');
          // A server answers 429 with this as `Retry-After`; a client that is worse does not wait.
          await sleep(Math.min(error.retryAfter, 20));
        }
      }
    }
  };
  return { answers, over: Promise.all(Array.from({ length: 12 }, client)) };
}

/** One request after the other, with a pause: how long each took, in milliseconds. */
async function use(queue: JobQueue, definition: Match, user: string): Promise<number[]> {
  const took: number[] = [];
  for (let n = 0; n < 5; n++) {
    const start = performance.now();
    assert.equal(await queue.run(definition, { user, pattern: `^order ${n}$`, text: `order ${n}` }), true);
    took.push(performance.now() - start);
    await sleep(5);
  }
  return took;
}

async function day(definition: Match) {
  await using queue = new JobQueue({ jobs: [definition], threads: 2, whenFull: 'reject', logger: false });
  await queue.ready();
  const evening = new AbortController();
  const { answers, over } = attack(queue, definition, evening.signal);
  const took = await Promise.all(['ann', 'bob', 'cleo', 'dan'].map((user) => use(queue, definition, user)));
  const largest = queue.stats({ groups: 1 }).groups;
  evening.abort();
  await over;
  const sorted = took.flat().sort((a, b) => a - b);
  const p99 = sorted[Math.ceil(sorted.length * 0.99) - 1] as number;
  console.log(
    `${definition.name}: p99 of the others ${p99.toFixed(1)} ms; of mallory's ${answers.killed} killed, ${answers.refused} refused`,
  );
  if (largest?.length) console.log('the largest group:', largest[0]);
  return p99;
}

const alone = await day(match);
const fair = await day(matchFairly);
console.log(`with groups the others wait ${(alone / fair).toFixed(0)} times less`);
assert.ok(fair < alone);
