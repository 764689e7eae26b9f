import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BroadcastChannel } from 'node:worker_threads';
import type { JobQueue } from '../index.js';
import { messageOf, packageFiles } from '../internals.js';
import { UsageError } from './exit.js';
import { hotFunctions, type ThreadProfile } from './hot-functions.js';
import type { Observer } from './observer.js';
import { type FromProfiler, PROFILER, type ToProfiler } from './profile-messages.js';
import type { Row } from './row.js';

/** Longest wait for the threads to begin or to hand over, in milliseconds: one whose job does not yield cannot. */
const PATIENCE = 5_000;

/**
 * Takes a CPU profile in every thread while the jobs run that count, and writes each as `.cpuprofile`, which the DevTools
 * of Chrome and VS Code open. A thread that is killed takes its profile with it.
 */
export class Profiler implements Observer {
  readonly options = { worker: { execArgv: ['--import', packageFiles.PROFILE_THREAD.href] } };
  /** The files that were written. */
  readonly files: string[] = [];
  readonly #folder: string;
  readonly #channel: BroadcastChannel;
  readonly #profiles = new Map<number, ThreadProfile>();
  readonly #answered = new Set<number>();
  #expected = 0;
  #name = '';
  #look = () => {};

  /** Throws {@link UsageError} when the folder cannot be made. */
  constructor(folder: string) {
    this.#folder = folder;
    try {
      mkdirSync(folder, { recursive: true });
    } catch (error) {
      throw new UsageError(`${folder} cannot be made: ${messageOf(error)}`, { cause: error });
    }
    this.#channel = new BroadcastChannel(PROFILER);
    this.#channel.unref();
    this.#channel.onmessage = (event) => this.#heard((event as { data: FromProfiler }).data);
  }

  opened(queue: JobQueue, name: string): void {
    this.#name = name;
    this.#expected = queue.stats().threads.size;
    this.#profiles.clear();
  }

  async started(): Promise<void> {
    await this.#ask({ type: 'start' }, this.#expected);
  }

  async ended(row: Row): Promise<void> {
    await this.#ask({ type: 'stop' }, this.#answered.size);
    const profiles = [...this.#profiles.values()];
    for (const { threadId, profile } of profiles) this.#write(threadId, profile);
    row.profile = hotFunctions(profiles);
  }

  /** The command is over. */
  close(): void {
    this.#channel.close();
  }

  /** Resolves when so many threads have answered, or it has been waited for long enough. */
  async #ask(message: ToProfiler, expected: number): Promise<void> {
    this.#answered.clear();
    const patience = new AbortController();
    const all = new Promise<void>((resolve) => {
      this.#look = () => {
        if (this.#answered.size >= expected) resolve();
      };
    });
    this.#channel.postMessage(message);
    this.#look();
    await Promise.race([all, sleep(PATIENCE, undefined, { signal: patience.signal }).catch(() => {})]);
    patience.abort();
  }

  #heard(message: FromProfiler): void {
    const { threadId } = message;
    if (message.type === 'profile' && message.profile !== undefined) this.#profiles.set(threadId, { threadId, profile: message.profile });
    this.#answered.add(threadId);
    this.#look();
  }

  #write(threadId: number, profile: ThreadProfile['profile']): void {
    const file = join(this.#folder, `${this.#name.replace(/[^\w.-]+/g, '-')}-thread-${threadId}.cpuprofile`);
    try {
      writeFileSync(file, JSON.stringify(profile));
      this.files.push(file);
    } catch (error) {
      process.stderr.write(`${file} cannot be written: ${messageOf(error)}\n`);
    }
  }
}
