import type { Work, WorkInput, WorkName } from '../jobs/work.js';

/** An open pool or queue that runs the work of `jobs/work.ts`. */
export interface Peer {
  run<Name extends WorkName>(name: Name, input: WorkInput<Name>): PromiseLike<ReturnType<Work[Name]>>;
  close(): Promise<unknown>;
}

/** How one library is opened for a measurement. */
export interface Contender {
  /** As it appears in tables: the library, and what is special about its setting. */
  readonly name: string;
  /** `limit`: a rival with a limit per job. `bound`: raw messages, what the machine can do, no library. */
  readonly kind: 'threadmill' | 'plain' | 'limit' | 'bound';
  open(threads: number): Promise<Peer>;
}

/** The limit per job of those who can have one, in milliseconds: threadmill's default. It never expires in a measurement of speed. */
export const LIMIT = 30_000;

/** URL of a worker file. */
export function workerUrl(file: string): URL {
  return new URL(`../jobs/${file}.js`, import.meta.url);
}
