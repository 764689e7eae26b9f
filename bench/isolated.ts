/** One case in a process of its own, so that no case pays for the garbage, threads or compiled code of another. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Group, Settings } from './result.js';

const CHILD = fileURLToPath(new URL('./child.js', import.meta.url));

export async function runIsolated(name: string, settings: Settings): Promise<Group[]> {
  const child = fork(CHILD, [name, JSON.stringify(settings)], { execArgv: ['--expose-gc', '--max-old-space-size=4096'] });
  let groups: Group[] | undefined;
  child.on('message', (message: Group[]) => {
    groups = message;
  });
  const [code] = await once(child, 'exit');
  if (groups === undefined) throw new Error(`the case "${name}" gave no result; its process exited with code ${code}`);
  return groups;
}
