import type { Case } from '../result.js';
import { boot } from './boot.js';
import { groups } from './groups.js';
import { kill } from './kill.js';
import { latency } from './latency.js';
import { loopDelay } from './loop-delay.js';
import { memory } from './memory.js';
import { noop } from './noop.js';
import { overload } from './overload.js';
import { payload } from './payload.js';
import { profile } from './profile.js';
import { scaling } from './scaling.js';
import { telemetry } from './telemetry.js';
import { waiting } from './waiting.js';
import { work } from './work.js';

/** By the name that `--case` takes, in the order in which they run. */
export const cases: Record<string, Case> = {
  noop,
  profile,
  work,
  payload,
  latency,
  kill,
  boot,
  waiting,
  groups,
  overload,
  scaling,
  'loop-delay': loopDelay,
  memory,
  telemetry,
};
