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
          expect(told - age).toBeLessThanOrEqual(Math.max(1, told / 20));
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
  expect(ages.oldest).toBeGreaterThan(9_999.99 - 10_000 / 20);
  ages.leave(9_999.99);
  expect(ages.oldest).toBeUndefined();
});
