/**
 * What the operating system knows of a thread, also of one that does not answer: whether it did not want to, or was not let.
 * Linux only: elsewhere nothing is known.
 */
import { openSync, readFileSync, readlinkSync, readSync } from 'node:fs';

/** The kernel's id of the calling thread; `undefined` where there is none to be had. */
export function kernelThreadId(): number | undefined {
  try {
    return Number(readlinkSync('/proc/thread-self').split('/').at(-1));
  } catch {
    return undefined;
  }
}

export interface KernelState {
  /** It waits in a system call, and not for a lock: those V8 takes itself, in JavaScript. */
  sleeps: boolean;
  /** CPU time it has used since its start, in milliseconds, by 10. */
  ran: number;
}

/** Milliseconds of one clock tick, in which the kernel tells CPU times: USER_HZ is 100 everywhere Node.js runs. */
const TICK = 10;

/** The state of a thread of this process; `undefined` where it is not known. See proc_pid_stat(5), fields 3, 14 and 15. */
export function kernelState(thread: number | undefined): KernelState | undefined {
  if (thread === undefined) return undefined;
  try {
    const folder = `/proc/self/task/${thread}`;
    const stat = readFileSync(`${folder}/stat`, 'utf8');
    // The second field is the thread's name in brackets, which may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return {
      sleeps: fields[0] === 'S' && isSystemCall(readFileSync(`${folder}/wchan`, 'utf8')),
      ran: (Number(fields[11]) + Number(fields[12])) * TICK,
    };
  } catch {
    return undefined;
  }
}

/** By the function of the kernel that a thread sleeps in, which is `0` where it is kept secret. */
function isSystemCall(channel: string): boolean {
  return channel !== '' && channel !== '0' && !channel.includes('futex');
}

/** CPU time that a thread of this process has used since its start, in milliseconds; `undefined` where it is not known. */
export function kernelCpuTime(thread: number | undefined): number | undefined {
  if (thread === undefined) return undefined;
  try {
    return cpuTimeIn(readFileSync(`/proc/self/task/${thread}/schedstat`));
  } catch {
    return undefined;
  }
}

/** Gives what reads the same of the calling thread, quickly; `undefined` where there is none. */
export function ownKernelCpuTime(): (() => number) | undefined {
  try {
    const file = openSync('/proc/thread-self/schedstat', 'r');
    const bytes = Buffer.alloc(64);
    return () => {
      readSync(file, bytes, 0, bytes.length, 0);
      return cpuTimeIn(bytes);
    };
  } catch {
    return undefined;
  }
}

/** The first of the numbers there, which is in nanoseconds. https://docs.kernel.org/scheduler/sched-stats.html */
function cpuTimeIn(bytes: Uint8Array): number {
  let time = 0;
  for (let at = 0; at < bytes.length; at++) {
    const digit = (bytes[at] as number) - 48;
    if (digit < 0 || digit > 9) break;
    time = time * 10 + digit;
  }
  return time / 1e6;
}
