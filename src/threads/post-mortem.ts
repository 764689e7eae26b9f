import { findSourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Frame, PostMortem } from '../errors/post-mortem.js';
import { CODE } from '../package-files.js';

/** Function, address of the file, line and column of a call. */
type Site = [string | null, string | null, number | null, number | null];

/** What a look into a thread saw. */
export interface Sighting {
  readonly frames: Site[];
  readonly resources: string[];
  readonly heapUsed?: number | undefined;
}

/**
 * What a thread has answered; `undefined` when it is not what a probe answers. What it says of itself is not to be trusted: its handlers
 * may have changed anything in it.
 */
export function sightingOf(answer: unknown): Sighting | undefined {
  const { frames, resources, heapUsed } = (answer ?? {}) as Record<string, unknown>;
  if (!isListOf(frames, isSite)) return undefined;
  return {
    frames,
    resources: isListOf(resources, isText) ? resources : [],
    heapUsed: isNumber(heapUsed) ? heapUsed : undefined,
  };
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): value is number => Number.isFinite(value);

function isSite(value: unknown): value is Site {
  if (!Array.isArray(value) || value.length !== 4) return false;
  return value.every((part, at) => part === null || (at < 2 ? isText(part) : isNumber(part)));
}

function isListOf<Item>(value: unknown, is: (item: unknown) => item is Item): value is Item[] {
  return Array.isArray(value) && value.every(is);
}

/** Nothing could be learned. */
export function unknown(why: string): PostMortem {
  return { kind: 'unknown', stack: [], why };
}

/** What some looks at a thread say, taken one right after the other. */
export function interpret(sightings: readonly [Sighting, ...Sighting[]], loading: boolean): PostMortem {
  const [{ heapUsed, resources }] = sightings;
  const stacks = sightings.map(({ frames }) => framesOf(frames));
  const stack = stacks[0] as Frame[];
  const heap = heapUsed === undefined ? {} : { heapUsed };
  if (loading) return { kind: 'loading', stack, ...heap, resources };
  if (sightings[0].frames.every(isLook))
    return { kind: 'awaiting', stack, ...heap, resources: resources.filter((one) => !OURS_OPEN.has(one)) };
  return { kind: 'cpu', stack, ...heap, hot: hottest(stacks) };
}

/** Whether a call is the look itself, which is evaluated and of no file: a thread that waits for events has no other. */
function isLook([_functionName, url]: Sighting['frames'][number]): boolean {
  return url === '' || url === null;
}

/** Every thread has these open: its ports. */
const OURS_OPEN = new Set(['MessagePort']);

/** The job's frames of a stack, innermost first. */
export function framesOf(sites: Sighting['frames']): Frame[] {
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

/** Our own, which are CommonJS in a thread and then have a path instead of an address. */
const OWN = [CODE, fileURLToPath(CODE)];

function isForeign(url: string): boolean {
  return (
    OWN.some((code) => url.startsWith(code)) || !/^(file:|wasm:|\/|[A-Za-z]:\\)/.test(url) || /[\\/]node_modules[\\/]piscina[\\/]/.test(url)
  );
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
export function placeOf({ kind, stack: [top], resources = [], why }: PostMortem): string {
  switch (kind) {
    case 'native':
      return ' in a native call that cannot be interrupted';
    case 'awaiting':
      return ` waiting for something that did not come${resources.length > 0 ? ` (open: ${resources.join(', ')})` : ''}`;
    case 'unknown':
      return `; where is not known (${why})`;
    default:
      return top === undefined ? '' : ` in ${top.functionName} (${top.url.replace(/^.*[\\/]/, '')}:${top.line})`;
  }
}

/** The frames as a stack is written. */
export function stackText({ stack }: PostMortem): string {
  return stack.map(({ functionName, url, line, column }) => `\n    at ${functionName} (${url}:${line}:${column})`).join('');
}
