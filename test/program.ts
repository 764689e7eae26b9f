import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { onTestFailed } from 'vitest';

/** Runs one of `fixtures/programs.js` in a process of its own. When the test fails and it still runs, it is told what it does, and it is killed. */
export function start(what: string) {
  const child = fork(fileURLToPath(new URL('fixtures/programs.js', import.meta.url)), [what], { silent: true });
  const messages: any[] = [];
  let printed = '';
  child.on('message', (message) => void messages.push(message));
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (text) => {
      printed += text;
    });
  // What it says last may arrive when it has exited.
  const ended = Promise.all([once(child, 'exit'), once(child, 'disconnect')]).then(([[code, signal]]) => ({ code, signal, messages }));
  /** Resolves with its next message; rejects when it ends without one. */
  const said = () =>
    Promise.race([
      once(child, 'message').then(([message]) => message),
      ended.then(({ code, signal }) => Promise.reject(new Error(`"${what}" has ended with ${signal ?? code}\n${printed}`))),
    ]);
  onTestFailed(() => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    console.error(`"${what}" has not ended, after ${messages.length} messages\n${threadsOf(child.pid)}\n${printed}`);
    child.kill('SIGKILL');
  });
  return { child, said, ended };
}

/** What the operating system knows of a process's threads: see proc_pid_stat(5). */
function threadsOf(pid: number | undefined): string {
  const folder = `/proc/${pid}/task`;
  try {
    const line = (id: string) => ['stat', 'wchan'].map((name) => readFileSync(`${folder}/${id}/${name}`, 'utf8').trim()).join(' ');
    return readdirSync(folder).map(line).join('\n');
  } catch (error) {
    return `its threads are not known: ${error}`;
  }
}
