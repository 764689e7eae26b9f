import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Runs a script of the fixtures; one that does not end by itself is killed, and shows by its signal. */
export function run(script: string, ...args: string[]): Promise<{ stdout: string; stderr: string; code: unknown; signal: unknown }> {
  const file = fileURLToPath(new URL(`./fixtures/scripts/${script}.js`, import.meta.url));
  return new Promise((resolve) => {
    execFile(process.execPath, [file, ...args], { timeout: 25_000, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      resolve({ stdout, stderr, code: error ? error.code : 0, signal: error?.signal ?? null });
    });
  });
}
