import { findSourceMap } from 'node:module';
import type { Frame, PostMortem } from '../errors.js';
import type { ThreadInspector } from './inspector.js';
import type { Slot } from './slot.js';

/** Longest time a look may take before the kill comes without it, in milliseconds. */
const BUDGET = 100;
/** For this long more looks are taken, to tell what is hot, in milliseconds. */
const HOT_FOR = 2;

/** What {@link LOOK} answers. */
interface Look {
  frames: [functionName: string | null, url: string | null, line: number | null, column: number | null][];
  resources: string[];
  heapUsed: number;
}

/**
 * Runs in the stuck thread, on top of its frames, which may be those of a regular expression: it must not use one, and
 * neither must Node.js, whose own formatter of stacks does (with source maps it corrupted the heap of Node.js 20).
 * Users change how stacks are made: their settings are put back.
 */
const LOOK = `(() => {
  const { stackTraceLimit, prepareStackTrace } = Error;
  try {
    Error.stackTraceLimit = 60;
    Error.prepareStackTrace = (error, sites) => {
      const frames = [];
      for (let at = 0; at < sites.length; at++) {
        const site = sites[at];
        frames[at] = [site.getFunctionName(), site.getScriptNameOrSourceURL(), site.getLineNumber(), site.getColumnNumber()];
      }
      return frames;
    };
    return { frames: new Error().stack, resources: process.getActiveResourcesInfo(), heapUsed: process.memoryUsage().heapUsed };
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    Error.prepareStackTrace = prepareStackTrace;
  }
})()`;

/** Looks where stuck threads are, one at a time, each within its budget. */
export class PostMortems {
  readonly #inspector: ThreadInspector;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(inspector: ThreadInspector) {
    this.#inspector = inspector;
  }

  /** Where the thread of a slot is. Resolves within {@link BUDGET} ms, and never rejects. */
  async of(slot: Slot): Promise<PostMortem> {
    const deadline = performance.now() + BUDGET;
    const loading = slot.isLoading;
    const before = slot.worker.performance.eventLoopUtilization();
    const looks = this.#turn.then(() => this.#looks(slot.threadId, deadline));
    this.#turn = looks;
    const found = await looks;
    const { utilization: elu } = slot.worker.performance.eventLoopUtilization(before);
    return { ...interpret(found, loading), elu };
  }

  async #looks(threadId: number, deadline: number): Promise<Look[]> {
    const looks: Look[] = [];
    const enough = performance.now() + HOT_FOR;
    do {
      const budget = deadline - performance.now();
      const look = budget > 0 ? await this.#inspector.evaluate(threadId, LOOK, budget) : undefined;
      if (look === undefined) break;
      looks.push(look as Look);
    } while (performance.now() < enough);
    return looks;
  }
}

/** What looks at a thread say. */
export function interpret(looks: readonly Look[], loading: boolean): PostMortem {
  const [first] = looks;
  if (first === undefined) return { kind: loading ? 'loading' : 'native', stack: [] };
  const stacks = looks.map(({ frames }) => framesOf(frames));
  const stack = stacks[0] as Frame[];
  const { heapUsed, resources } = first;
  if (loading) return { kind: 'loading', stack, heapUsed, resources };
  if (stack.length === 0) return { kind: 'waiting', stack, heapUsed, resources: resources.filter((one) => !OURS_OPEN.has(one)) };
  return { kind: 'cpu', stack, heapUsed, hot: hottest(stacks) };
}

/** Every thread has these open: its ports. */
const OURS_OPEN = new Set(['MessagePort']);

// This file stands in the folder of the package's code.
const OWN = new URL('..', import.meta.url).href;

/** The job's frames of a stack, innermost first. */
export function framesOf(sites: Look['frames']): Frame[] {
  const frames: Frame[] = [];
  for (const [functionName, url, line, column] of sites) {
    if (url === null || url === '' || isForeign(url)) continue;
    frames.push(inSource({ functionName: functionName ?? '(anonymous)', url, line: line ?? 0, column: column ?? 0 }));
  }
  return frames;
}

/** Through the file's source map, where the process runs with source maps and has loaded the file too. */
function inSource(frame: Frame): Frame {
  const entry = findSourceMap(frame.url)?.findEntry(frame.line - 1, frame.column - 1);
  if (entry === undefined || !('originalSource' in entry)) return frame;
  const { originalSource: url, originalLine, originalColumn } = entry;
  return { functionName: frame.functionName, url, line: originalLine + 1, column: originalColumn + 1 };
}

function isForeign(url: string): boolean {
  return url.startsWith(OWN) || !/^(file:|wasm:|\/|[A-Za-z]:\\)/.test(url) || /[\\/]node_modules[\\/]piscina[\\/]/.test(url);
}

function hottest(stacks: Frame[][]): PostMortem['hot'] {
  const seen = new Map<string, { functionName: string; url: string; line: number; share: number }>();
  for (const [top] of stacks) {
    if (top === undefined) continue;
    const { functionName, url, line } = top;
    const key = `${functionName} ${url}:${line}`;
    const spot = seen.get(key) ?? { functionName, url, line, share: 0 };
    spot.share++;
    seen.set(key, spot);
  }
  const spots = [...seen.values()].sort((a, b) => b.share - a.share);
  return spots.map((spot) => ({ ...spot, share: spot.share / stacks.length }));
}

/** Where a job was stuck, in some words that follow "timed out after 2000 ms". */
export function placeOf({ kind, stack: [top], resources = [] }: PostMortem): string {
  switch (kind) {
    case 'native':
      return ' in a native call that cannot be interrupted';
    case 'waiting':
      return ` waiting for something that did not come${resources.length > 0 ? ` (open: ${[...new Set(resources)].join(', ')})` : ''}`;
    default:
      return top === undefined ? '' : ` in ${top.functionName} (${top.url.replace(/^.*[\\/]/, '')}:${top.line})`;
  }
}

/** The frames as a stack is written. */
export function stackText({ stack }: PostMortem): string {
  return stack.map(({ functionName, url, line, column }) => `\n    at ${functionName} (${url}:${line}:${column})`).join('');
}
