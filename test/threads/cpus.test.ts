import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { cpuQuota, usableCpus } from '../../dist/threads/cpus.js';

let root: string | undefined;

/** A machine's file system with these files in it. */
function machine(files: Record<string, string>): string {
  root = mkdtempSync(join(tmpdir(), 'threadmill-cgroup-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return root;
}

afterEach(() => {
  if (root !== undefined) rmSync(root, { recursive: true });
  root = undefined;
});

const V2 = { 'proc/self/cgroup': '0::/kubepods/pod1/app\n' };
const V1 = { 'proc/self/cgroup': '12:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n1:name=systemd:/docker/abc\n' };

describe('the CPU quota of a container', () => {
  test('is quota over period, of cgroup version 2', () => {
    expect(cpuQuota(machine({ ...V2, 'sys/fs/cgroup/kubepods/pod1/app/cpu.max': '150000 100000\n' }))).toBe(1.5);
  });

  test('is that of the container where its cgroup is seen as the root', () => {
    expect(cpuQuota(machine({ 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.max': '50000 100000\n' }))).toBe(0.5);
  });

  test('is the lowest on the way down to the process', () => {
    const files = {
      'sys/fs/cgroup/kubepods/cpu.max': '800000 100000\n',
      'sys/fs/cgroup/kubepods/pod1/cpu.max': '300000 100000\n',
      'sys/fs/cgroup/kubepods/pod1/app/cpu.max': 'max 100000\n',
    };
    expect(cpuQuota(machine({ ...V2, ...files }))).toBe(3);
  });

  test.each(['cpu,cpuacct', 'cpu'])('is quota over period, of cgroup version 1 mounted as %s', (mount) => {
    const folder = `sys/fs/cgroup/${mount}/docker/abc`;
    expect(cpuQuota(machine({ ...V1, [`${folder}/cpu.cfs_quota_us`]: '250000\n', [`${folder}/cpu.cfs_period_us`]: '100000\n' }))).toBe(2.5);
  });

  test.each([
    ['version 2 says max', { ...V2, 'sys/fs/cgroup/kubepods/pod1/app/cpu.max': 'max 100000\n' }],
    [
      'version 1 says -1',
      { ...V1, 'sys/fs/cgroup/cpu/docker/abc/cpu.cfs_quota_us': '-1\n', 'sys/fs/cgroup/cpu/docker/abc/cpu.cfs_period_us': '100000\n' },
    ],
    ['the files are not there', V2],
    ['there are no cgroups', {}],
    ['what is there makes no sense', { 'proc/self/cgroup': 'x\n\0', 'sys/fs/cgroup/cpu.max': '?' }],
  ])('is none where %s', (_title, files) => {
    expect(cpuQuota(machine(files))).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('the CPUs that a process may use', () => {
  const limited = (quota: number) => machine({ 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.max': `${quota} 100000\n` });

  test('are at least one, whatever the quota', () => {
    expect(usableCpus(limited(1_000))).toBe(1);
  });

  test('are those of the machine where the quota allows more', () => {
    expect(usableCpus(limited(100_000_000))).toBe(availableParallelism());
  });

  test('are the whole ones of the quota', () => {
    expect(usableCpus(limited(199_000))).toBe(Math.min(1, availableParallelism()));
  });
});

/** A cgroup of version 1 with a quota of one CPU, where this machine lets us make one. */
function realGroup(): string | undefined {
  const group = `/sys/fs/cgroup/cpu/threadmill-test-${process.pid}`;
  try {
    mkdirSync(group);
    writeFileSync(join(group, 'cpu.cfs_quota_us'), '100000');
    writeFileSync(join(group, 'cpu.cfs_period_us'), '100000');
    return group;
  } catch {
    return undefined;
  }
}

test('in a real cgroup with a quota of one CPU a queue has one thread', (context) => {
  const group = realGroup();
  if (group === undefined) return context.skip('no cgroup can be made here');
  try {
    const script =
      "import { JobQueue } from 'threadmill'; const queue = new JobQueue({ spareThreads: 0 }); await queue.ready(); console.log(queue.stats().threads.size); await queue.close();";
    const shell = 'echo $$ > "$0/cgroup.procs" && exec "$1" --input-type=module -e "$2"';
    expect(execFileSync('sh', ['-c', shell, group, process.execPath, script], { encoding: 'utf8' })).toBe('1\n');
  } finally {
    rmdirSync(group);
  }
});
