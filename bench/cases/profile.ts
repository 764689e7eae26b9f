import { Session } from 'node:inspector/promises';
import { closedLoop, flood } from '../loops.js';
import { interleave, time } from '../measure.js';
import type { Contender, Peer } from '../peers/peer.js';
import { rawBatched } from '../peers/raw-batched.js';
import { threadmill } from '../peers/threadmill.js';
import type { Case, Group } from '../result.js';

const LOADS = { 'closed loop of 256': closedLoop, 'flood of 100 000': flood };
const JOBS = 100_000;

/** Where the main thread's time goes, as V8's sampling profiler sees it (every 0.2 ms), beside what the same messages cost without a library. */
export const profile: Case = async ({ rounds }) => {
  const groups: Group[] = [];
  for (const [name, load] of Object.entries(LOADS)) {
    // One after the other: a profile is of all that the main thread does.
    const ours = await partsOf(threadmill, load, rounds);
    const bound = await partsOf(rawBatched, load, rounds);
    groups.push({ name: `main thread, no-op, ${name}`, unit: 'µs a job', rounds: { ...ours, ...bound }, compare: false });
  }
  return groups;
};

async function partsOf({ name, open }: Contender, load: typeof closedLoop, rounds: number): Promise<Group['rounds']> {
  const peer = await open(2);
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: 200 });
  const values = await interleave([{ name, round: () => profiled(session, peer, load) }], rounds);
  session.disconnect();
  await peer.close();
  const parts = PARTS.map(({ part }, at) => [`${name}: ${part}`, values[at]?.[name] ?? []] as const);
  return Object.fromEntries(parts.filter(([, rounds]) => rounds.some((value) => value > 0)));
}

/** Of every part its µs a job. */
async function profiled(session: Session, peer: Peer, load: typeof closedLoop): Promise<number[]> {
  await session.post('Profiler.start');
  await time(() => load(peer, 'noop', (n) => ({ n }), JOBS));
  const { profile } = await session.post('Profiler.stop');
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const sums = new Map(PARTS.map((part) => [part, 0]));
  for (const [at, id] of (profile.samples ?? []).entries()) {
    const part = PARTS.find(({ has }) => has(frames.get(id) as Frame)) as Part;
    sums.set(part, (sums.get(part) as number) + (profile.timeDeltas?.[at] ?? 0));
  }
  return PARTS.map((part) => (sums.get(part) as number) / JOBS);
}

interface Frame {
  readonly functionName: string;
  readonly url: string;
}

interface Part {
  readonly part: string;
  has(frame: Frame): boolean;
}

/** A sample counts for the first part that has it. */
const PARTS: readonly Part[] = [
  { part: 'waits', has: ({ functionName }) => functionName === '(idle)' },
  { part: 'garbage collector', has: ({ functionName }) => functionName === '(garbage collector)' },
  { part: 'postMessage', has: ({ functionName, url }) => functionName === 'postMessage' && url === '' },
  { part: 'zod', has: ({ url }) => url.includes('/node_modules/zod/') },
  { part: 'threadmill', has: ({ url }) => /\/dist\//.test(url) && !url.includes('/node_modules/') },
  { part: 'the benchmark', has: ({ url }) => url.includes('/.build/bench/') },
  { part: 'the rest', has: () => true },
];
