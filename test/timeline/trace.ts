import { readFileSync } from 'node:fs';
import { expect } from 'vitest';

/** What a file of trace events says; each is checked for what its kind must have. */
export function readTrace(file: string) {
  const events = JSON.parse(readFileSync(file, 'utf8')) as any[];
  for (const event of events) {
    expect(event).toMatchObject({ name: expect.any(String), ph: expect.stringMatching(/^[XiCM]$/), pid: expect.any(Number) });
    if (event.ph !== 'M') expect(Number.isFinite(event.ts), JSON.stringify(event)).toBe(true);
    if (event.ph === 'X') expect(event).toMatchObject({ tid: expect.any(Number), dur: expect.any(Number) });
    if (event.ph === 'i') expect(event.s).toMatch(/^[tpg]$/);
    if (event.ph === 'C') expect(Object.values(event.args).every((value) => typeof value === 'number')).toBe(true);
  }
  const of = (ph: string) => events.filter((event) => event.ph === ph);
  return { events, slices: of('X'), marks: of('i'), counters: of('C'), names: of('M') };
}

/** No two slices of one track share a nanosecond. */
export function expectApart(slices: readonly any[]): void {
  const tracks = grouped(slices);
  for (const [track, list] of tracks) {
    const sorted = [...list].sort((a, b) => a.ts - b.ts);
    for (let at = 1; at < sorted.length; at++) {
      const [before, after] = [sorted[at - 1], sorted[at]];
      expect(nanoseconds(after.ts), `${track}: ${JSON.stringify([before, after])}`).toBeGreaterThanOrEqual(
        nanoseconds(before.ts) + nanoseconds(before.dur),
      );
    }
  }
}

const trackOf = ({ pid, tid }: any) => `${pid} ${tid}`;
const nanoseconds = (microseconds: number) => Math.round(microseconds * 1_000);

function grouped(slices: readonly any[]): Map<string, any[]> {
  const tracks = new Map<string, any[]>();
  for (const slice of slices) tracks.set(trackOf(slice), [...(tracks.get(trackOf(slice)) ?? []), slice]);
  return tracks;
}
