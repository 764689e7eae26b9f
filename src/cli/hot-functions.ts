import type { Profiler } from 'node:inspector';
import { packageFiles } from '../internals.js';
import { Places } from './places.js';

/** What V8's sampling profiler saw in one thread. */
export interface ThreadProfile {
  readonly threadId: number;
  readonly profile: Profiler.Profile;
}

/** Where the time of a definition's threads went, by the function that was running. Times in milliseconds. */
export interface HotFunctions {
  threads: number;
  samples: number;
  /** In which the threads were not idle, all together. */
  busy: number;
  /** The most first; at most {@link MAX_FUNCTIONS}. */
  functions: HotFunction[];
}

export interface HotFunction {
  functionName: string;
  /** File and line, through its source map where it has one; empty for what is not in a file, such as the garbage collector. */
  place: string;
  self: number;
  /** Of `busy`, 0 to 1. */
  share: number;
}

const MAX_FUNCTIONS = 15;

/** Adds up what several threads did. */
export function hotFunctions(profiles: readonly ThreadProfile[]): HotFunctions {
  const places = new Places();
  const found = new Map<string, HotFunction>();
  let [samples, busy] = [0, 0];
  for (const { profile } of profiles) {
    const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
    const starting = within(profile, packageFiles.PROFILE_THREAD.href);
    for (const [at, id] of (profile.samples ?? []).entries()) {
      const frame = frames.get(id) as Frame;
      if (frame.functionName === '(idle)' || starting.has(id)) continue;
      const self = Math.max(0, profile.timeDeltas?.[at] ?? 0) / 1_000;
      samples++;
      busy += self;
      const { functionName, place } = described(frame, places);
      const key = `${functionName} ${place}`;
      const one = found.get(key) ?? { functionName, place, self: 0, share: 0 };
      one.self += self;
      found.set(key, one);
    }
  }
  const functions = [...found.values()].sort((a, b) => b.self - a.self).slice(0, MAX_FUNCTIONS);
  return {
    threads: profiles.length,
    samples,
    busy,
    functions: functions.map((one) => ({ ...one, share: busy === 0 ? 0 : one.self / busy })),
  };
}

/** The calls that a file makes, with all that those call. */
function within({ nodes }: Profiler.Profile, url: string): Set<number> {
  const children = new Map(nodes.map((node) => [node.id, node.children ?? []]));
  const found = new Set<number>();
  const enter = (id: number) => {
    found.add(id);
    for (const child of children.get(id) ?? []) enter(child);
  };
  for (const { id, callFrame } of nodes) if (callFrame.url === url) enter(id);
  return found;
}

type Frame = Profiler.ProfileNode['callFrame'];

/** All of threadmill's is one: it is what a job costs its thread beside the handler. */
function described({ functionName, url, lineNumber, columnNumber }: Frame, places: Places): Pick<HotFunction, 'functionName' | 'place'> {
  if (url.startsWith(packageFiles.CODE)) return { functionName: 'threadmill itself', place: '' };
  if (functionName === '(program)') return { functionName: 'native code', place: '' };
  const name = functionName === '' ? '(anonymous)' : functionName.replace(/^\((garbage collector)\)$/, '$1');
  return { functionName: name, place: places.of(url, lineNumber, columnNumber) };
}
