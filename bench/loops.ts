import type { WorkInput, WorkName } from './jobs/work.js';
import type { Peer } from './peers/peer.js';

type Load = <Name extends WorkName>(
  peer: Peer,
  name: Name,
  input: (n: number) => WorkInput<Name>,
  jobs: number,
  callers?: number,
) => Promise<unknown>;

/** A closed loop: `callers` jobs are there at any time; when one has ended the next is added. */
export const closedLoop: Load = (peer, name, input, jobs, callers = 256) =>
  new Promise<void>((resolve, reject) => {
    let added = 0;
    let ended = 0;
    const next = () => {
      if (added < jobs) peer.run(name, input(added++)).then(over, reject);
    };
    const over = () => {
      if (++ended === jobs) resolve();
      else next();
    };
    for (let i = 0; i < callers; i++) next();
  });

/** A flood: all jobs are added at once. */
export const flood: Load = (peer, name, input, jobs) => Promise.all(Array.from({ length: jobs }, (_, n) => peer.run(name, input(n))));
