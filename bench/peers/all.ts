import type { Contender } from './peer.js';
import { piscina, piscinaLimit } from './piscina.js';
import { poolifier, poolifierLimit } from './poolifier.js';
import { rawBatched } from './raw-batched.js';
import { rawPipelined } from './raw-pipelined.js';
import { threadmill } from './threadmill.js';
import { tinypool, tinypoolLimit } from './tinypool.js';
import { workerpoolLimit, workerpoolPlain } from './workerpool.js';

/** The libraries without limits per job, except ours, which always has them. */
export const plain: readonly Contender[] = [threadmill, piscina, tinypool, workerpoolPlain, poolifier];
/** The same libraries with a limit per job. */
export const limited: readonly Contender[] = [piscinaLimit, tinypoolLimit, workerpoolLimit, poolifierLimit];
/** No libraries: what messages cost. */
export const bounds: readonly Contender[] = [rawPipelined, rawBatched];
