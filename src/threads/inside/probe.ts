import type { Answering } from '../wire/answering.js';
import { PROBE } from '../wire/probe.js';

/** As many calls as a stack tells of. */
const DEPTH = 60;
/** The calls of the look itself, on top of all others: `stack`, `orNothing`, `look` and `probe`. */
const OWN = 4;

type Site = [functionName: string | null, url: string | null, line: number | null, column: number | null];

// Taken now: handlers may change the globals.
const { Error: OwnError } = globalThis;
const { getActiveResourcesInfo, memoryUsage } = process;
const { defineProperty } = Object;

/**
 * Where the code is that this runs on top of, innermost call first; `undefined` where the thread's `Error` does not let it be seen.
 * Those frames may be of a regular expression: so nothing here may use one, and neither may Node.js, whose own formatter of
 * stacks does (with source maps it corrupted the heap of Node.js 20). Users change how stacks are made: their settings are put back.
 */
function stack(): Site[] | undefined {
  const users = globalThis.Error;
  const { stackTraceLimit } = OwnError;
  const { prepareStackTrace } = users;
  let sites: Site[] | undefined;
  try {
    // V8 asks the first how many, Node.js the second how.
    OwnError.stackTraceLimit = OWN + DEPTH;
    users.prepareStackTrace = (_error, calls) => {
      sites = [];
      for (let at = OWN; at < calls.length; at++) sites[at - OWN] = siteOf(calls[at] as NodeJS.CallSite);
      return '';
    };
    void new OwnError().stack;
  } finally {
    OwnError.stackTraceLimit = stackTraceLimit;
    users.prepareStackTrace = prepareStackTrace;
  }
  return sites;
}

function siteOf(call: NodeJS.CallSite): Site {
  return [call.getFunctionName(), call.getScriptNameOrSourceURL(), call.getLineNumber(), call.getColumnNumber()];
}

/** What is open, each name once: a handler may have started a million timers. */
function resources(): string[] {
  const all = getActiveResourcesInfo();
  const known: Record<string, boolean> = { __proto__: null } as never;
  const names: string[] = [];
  for (let at = 0; at < all.length; at++) {
    const name = all[at] as string;
    if (known[name] !== true) names[names.length] = name;
    known[name] = true;
  }
  return names;
}

/** What is seen from inside; of what cannot be seen nothing. */
function look(): object {
  return { frames: orNothing(stack), resources: orNothing(resources), heapUsed: orNothing(() => memoryUsage().heapUsed) };
}

function orNothing<Result>(see: () => Result): Result | undefined {
  try {
    return see();
  } catch {
    return undefined;
  }
}

/** Makes the probe callable from outside, for as long as the thread lives: no handler can take it away. */
export function installProbe(answering: Answering): void {
  const probe = () => {
    answering.begins();
    return look();
  };
  defineProperty(globalThis, PROBE, { value: probe });
}
