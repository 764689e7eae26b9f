import type { TakenAddOptions } from '../job/add-options.js';
import type { JobKind } from '../job/kind.js';
import type { Request } from '../waiting/admission-request.js';
import type { GroupKey } from '../waiting/level.js';

/** What stands in line for jobs of these options, from a time of `Clock.now` on; `counts`: how many of which group. */
export function requestOf(
  kind: JobKind,
  settings: TakenAddOptions | undefined,
  counts: ReadonlyMap<GroupKey, number>,
  bytes: number,
  since: number,
): Request {
  const maxWait = maxWaitOf(kind, settings);
  let count = 0;
  for (const some of counts.values()) count += some;
  return {
    kind,
    count,
    counts,
    bytes,
    delayed: (settings?.delay ?? 0) > 0,
    signal: settings?.signal,
    until: maxWait === undefined ? undefined : since + maxWait - (settings?.waited ?? 0),
    left: false,
  };
}

/** The options of a job that has waited so many milliseconds to be let in: where it has a `maxWait`, that counts from there. */
export function waited<Settings extends TakenAddOptions>(kind: JobKind, settings: Settings | undefined, ms: number): Settings | undefined {
  if (ms <= 0 || maxWaitOf(kind, settings) === undefined) return settings;
  return { ...(settings as Settings), waited: (settings?.waited ?? 0) + ms };
}

function maxWaitOf({ definition }: JobKind, settings: TakenAddOptions | undefined): number | undefined {
  return settings?.maxWait ?? definition.maxWait;
}
