import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Ages } from '../../dist/waiting/ages.js';

test('the oldest is known to 1 part in 50 of its age or 1 ms, in whatever order they leave and come back', () => {
  // Time passes by the first; then one comes, leaves, or comes back, chosen by the third.
  const step = fc.tuple(fc.double({ min: 0, max: 40, noNaN: true }), fc.constantFrom('enter', 'enter', 'leave', 'return'), fc.nat());
  fc.assert(
    fc.property(fc.array(step, { maxLength: 2_000 }), (steps) => {
      const ages = new Ages();
      const waiting: number[] = [];
      const gone: number[] = [];
      let now = 0;
      for (const [passed, what, which] of steps) {
        now += passed;
        if (what === 'enter') {
          waiting.push(now);
          ages.enter(now);
        } else if (what === 'leave' && waiting.length > 0) {
          const [since] = waiting.splice(which % waiting.length, 1) as [number];
          gone.push(since);
          ages.leave(since);
        } else if (what === 'return' && gone.length > 0) {
          const [since] = gone.splice(which % gone.length, 1) as [number];
          waiting.push(since);
          ages.enter(since);
        }
        if (waiting.length === 0) expect(ages.oldest).toBeUndefined();
        else {
          const age = now - Math.min(...waiting);
          const told = now - (ages.oldest as number);
          // Never younger than it is.
          expect(told).toBeGreaterThanOrEqual(age);
          expect(told - age).toBeLessThanOrEqual(Math.max(1, age / 50) + 1e-9);
        }
      }
    }),
    { numRuns: 60 },
  );
});

test('a million cost what they count for: some cohorts', () => {
  const ages = new Ages();
  for (let n = 0; n < 1_000_000; n++) ages.enter(n / 100);
  expect(ages.oldest).toBe(0);
  for (let n = 0; n < 999_999; n++) ages.leave(n / 100);
  // It has just come.
  expect(ages.oldest).toBeGreaterThan(9_999.99 - 1);
  ages.leave(9_999.99);
  expect(ages.oldest).toBeUndefined();
});

test.each([0.5, 7])('a queue that is never empty for hours, one job every %d ms, knows its oldest', (every) => {
  const ages = new Ages();
  const waiting = 5_000;
  for (let n = 0; n < 40 * waiting; n++) {
    ages.enter(n * every);
    if (n < waiting) continue;
    ages.leave((n - waiting) * every);
    const age = (waiting - 1) * every;
    const told = n * every - (ages.oldest as number);
    if (told < age - 1e-6 || told > age * (1 + 1 / 50) + 1e-6) expect.fail(`told ${told} of ${age} after ${n} jobs`);
  }
});
