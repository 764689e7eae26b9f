import { now, spin } from './work.js';

/** Iterations of `spin` in one microsecond on this machine when it is idle: the fastest of many tries, for the others were disturbed. */
export function iterationsPerMicrosecond(): number {
  const iterations = 200_000;
  let fastest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 200; i++) {
    const start = now();
    spin({ iterations });
    fastest = Math.min(fastest, now() - start);
  }
  return iterations / (fastest * 1_000);
}
