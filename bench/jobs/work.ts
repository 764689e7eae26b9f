/** The work all peers run: the same functions, called the same way, by every worker file beside this one. */

/** Nothing: what is left is the price of a job. */
export function noop({ n }: { n: number }): number {
  return n;
}

/** Real JavaScript work, so many rounds of a generator of random numbers; it does not look at a clock, so it takes longer where the CPU is busy. */
export function spin({ iterations }: { iterations: number }): number {
  let value = iterations | 1;
  for (let i = 0; i < iterations; i++) value = (Math.imul(value, 1_664_525) + 1_013_904_223) | 0;
  return value;
}

/** The payload crosses to the thread, its size comes back. */
export function measure({ payload }: { payload: unknown }): number {
  if (typeof payload === 'string') return payload.length;
  return (payload as { byteLength?: number }).byteLength ?? Object.keys(payload as object).length;
}

/** When the job started, on the clock that all threads share. */
export function startedAt(_input: { n: number }): number {
  return now();
}

/** Never ends. Says when it began in shared memory, on the clock that all threads share. */
export function forever({ started }: { started: SharedArrayBuffer }): never {
  new Float64Array(started)[0] = now();
  for (;;);
}

/** Milliseconds on the clock that all threads share. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export const work = { noop, spin, measure, startedAt, forever };
export type Work = typeof work;
export type WorkName = keyof Work;
export type WorkInput<Name extends WorkName> = Parameters<Work[Name]>[0];
