import { expect, test } from 'vitest';
import { seededRandom } from '../../dist/testing/seeded-random.js';

test('gives the numbers of mulberry32 for a seed, in every version: a run that failed can be run again', () => {
  const random = seededRandom(1);
  expect([random(), random(), random()]).toEqual([0.6270739405881613, 0.002735721180215478, 0.5274470399599522]);
});
