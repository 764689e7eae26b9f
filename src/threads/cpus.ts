import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

/**
 * CPUs that this process may use: as Node.js says, and no more than the CPU quota of its container, which Node.js 20
 * does not look at. A quota between two numbers counts as the lower one, as libuv has it (`uv_available_parallelism`);
 * never less than 1. `root`: where the file system of a Linux machine begins.
 */
export function usableCpus(root = '/'): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(cpuQuota(root))));
}

/** CPUs' worth of time that the cgroups of this process allow; infinite without a limit, and where there are no cgroups. */
export function cpuQuota(root: string): number {
  const groups = read(root, 'proc/self/cgroup')?.trim().split('\n') ?? [];
  return Math.min(Number.POSITIVE_INFINITY, ...groups.map((line) => quotaOf(root, line)));
}

/** Of a line such as `0::/path` (version 2) or `4:cpu,cpuacct:/path` (version 1). */
function quotaOf(root: string, line: string): number {
  const [, controllers = '', path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
  if (controllers === '') return lowest(path, (group) => quotaOfV2(read(root, join('sys/fs/cgroup', group, 'cpu.max'))));
  if (!controllers.split(',').includes('cpu')) return Number.POSITIVE_INFINITY;
  return lowest(path, (group) => {
    const file = (name: string) =>
      read(root, join('sys/fs/cgroup', controllers, group, name)) ?? read(root, join('sys/fs/cgroup/cpu', group, name));
    return ratio(file('cpu.cfs_quota_us'), file('cpu.cfs_period_us'));
  });
}

/** The lowest quota of a group and those around it: a group may not use more than the one that holds it. */
function lowest(path: string, quota: (group: string) => number): number {
  const names = path.split('/').filter((name) => name !== '' && name !== '..');
  return Math.min(...Array.from({ length: names.length + 1 }, (_, depth) => quota(names.slice(0, depth).join('/'))));
}

function quotaOfV2(max: string | undefined): number {
  const [quota, period] = max?.trim().split(/\s+/) ?? [];
  return ratio(quota, period);
}

function ratio(quota: string | undefined, period: string | undefined): number {
  const share = Number(quota) / Number(period);
  return share > 0 ? share : Number.POSITIVE_INFINITY;
}

function read(root: string, file: string): string | undefined {
  try {
    return readFileSync(join(root, file), 'utf8');
  } catch {
    // Not Linux, no such group, or not ours to read.
    return undefined;
  }
}
