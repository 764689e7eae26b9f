import { fileURLToPath } from 'node:url';
import type { Attempt, PostMortem } from '../index.js';
import * as internals from '../internals.js';

/** Most errors behind an error that are shown. */
const CAUSES = 5;
/** Most characters of one error's stack. */
const LONGEST = 20_000;

/** An attempt that did not complete its job: when, where, and with what error. */
export function attemptText({ number, outcome, duration, cpuTime, threadId, startedAt, error }: Attempt): string {
  const [started] = new Date(startedAt).toISOString().replace('T', ' ').split('.');
  const cpu = cpuTime === undefined ? '' : ` (${cpuTime.toFixed(0)} of CPU)`;
  const head = `Attempt ${number}: ${outcome} after ${duration.toFixed(0)} ms${cpu} on thread ${threadId}, started ${started} UTC`;
  return [head, ...chainOf(error).map(stackOf), ...wherePostMortem(error), ''].join('\n');
}

/** An error in one line. */
export function messageLine(error: unknown): string {
  try {
    if (error instanceof Error) return internals.textOf(`${error.name}: ${error.message}`);
  } catch {
    // A proxy, or a getter that throws.
  }
  return internals.textOf(error);
}

/** An error, and those that caused it. */
function chainOf(error: unknown): unknown[] {
  const chain = [error];
  try {
    for (let last = error; last instanceof Error && last.cause !== undefined && chain.length <= CAUSES; last = last.cause) {
      if (chain.includes(last.cause)) break;
      chain.push(last.cause);
    }
  } catch {
    // What can be shown is.
  }
  return chain;
}

function stackOf(error: unknown, depth: number): string {
  let text: string;
  try {
    text = error instanceof Error && error.stack ? withoutOurs(internals.textOf(error.stack)) : messageLine(error);
  } catch {
    text = messageLine(error);
  }
  return `${depth > 0 ? 'Caused by: ' : ''}${text.slice(0, LONGEST)}`;
}

// With source maps stacks name its sources, by their paths.
const OWN = [internals.packageFiles.CODE, internals.packageFiles.SOURCES].flatMap((href) => [href, fileURLToPath(href)]);

/** Without the calls of threadmill and Node.js, which are the same for every job. */
function withoutOurs(stack: string): string {
  const isOurs = (line: string) => /^ +at /.test(line) && (OWN.some((place) => line.includes(place)) || line.includes('(node:'));
  return stack
    .split('\n')
    .filter((line) => !isOurs(line))
    .join('\n');
}

/** Where a killed job was stuck, beyond what its stack says. */
function wherePostMortem(error: unknown): string[] {
  const { postMortem } = (error ?? {}) as { postMortem?: PostMortem };
  if (postMortem === undefined) return [];
  const { kind, why, hot = [], resources = [], heapUsed, elu } = postMortem;
  const facts = [
    `Post-mortem: ${KINDS[kind] ?? kind}${why === undefined ? '' : ` (${why})`}`,
    ...hot.map(
      ({ functionName, url, line, share }) => `hot: ${functionName} (${url.replace(/^.*[\\/]/, '')}:${line}) ${(share * 100).toFixed(0)} %`,
    ),
    ...(resources.length > 0 ? [`open: ${[...new Set(resources)].join(', ')}`] : []),
    ...(heapUsed === undefined ? [] : [`heap: ${(heapUsed / 1e6).toFixed(1)} MB`]),
    ...(elu === undefined ? [] : [`busy: ${(elu * 100).toFixed(0)} %`]),
  ];
  return [facts.join('; ')];
}

const KINDS: Record<PostMortem['kind'], string> = {
  cpu: 'computing',
  awaiting: 'waiting for something that did not come',
  native: 'inside a native call that cannot be interrupted',
  loading: 'its module was loading',
  unknown: 'not known',
};
