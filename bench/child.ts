/** What `isolated.ts` forks: runs the case it is told, sends the result, and exits. */
import { cases } from './cases/all.js';
import type { Case } from './result.js';

// Some of what is measured does not keep a process alive by itself: threads that boot, signals with a timeout.
setInterval(() => {}, 60_000);
const [name = '', settings = ''] = process.argv.slice(2);
const groups = await (cases[name] as Case)(JSON.parse(settings));
process.send?.(groups, () => process.exit());
