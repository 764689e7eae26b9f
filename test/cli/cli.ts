import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { onTestFinished } from 'vitest';

export const MAIN = resolve(import.meta.dirname, '../../dist/cli/main.js');
export const WORK = fixture('work.job.js');

export function fixture(name: string): string {
  return join(import.meta.dirname, 'fixtures', name);
}

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** A command that runs. */
export class Command {
  stdout = '';
  stderr = '';
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Ended>;
  readonly #looks = new Set<() => void>();

  constructor(args: readonly string[], env: Record<string, string> = {}, file = process.execPath, first = [MAIN]) {
    this.child = spawn(file, [...first, ...args], { env: { ...process.env, ...env } });
    onTestFinished(() => void this.child.kill('SIGKILL'));
    for (const name of ['stdout', 'stderr'] as const) {
      this.child[name].setEncoding('utf8').on('data', (text: string) => {
        this[name] += text;
        for (const look of this.#looks) look();
      });
    }
    this.child.stdin.on('error', () => {});
    this.ended = new Promise((done) => {
      this.child.once('close', (code, signal) => done({ code, signal, stdout: this.stdout, stderr: this.stderr }));
    });
  }

  /** Resolves when it has said something that matches; rejects when it ends before. */
  said(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<void> {
    return new Promise((found, missed) => {
      const look = () => {
        if (!pattern.test(this[stream])) return;
        this.#looks.delete(look);
        found();
      };
      this.#looks.add(look);
      look();
      void this.ended.then(() => missed(new Error(`ended without ${pattern}: ${this.stdout}${this.stderr}`)));
    });
  }
}

/** Runs the command to its end, with a text on stdin. */
export function threadmill(args: readonly string[], stdin = '', env: Record<string, string> = {}): Promise<Ended> {
  const command = new Command(args, env);
  command.child.stdin.end(stdin);
  return command.ended;
}

/** Runs the command in a terminal of its own; what it draws is `stdout`. */
export function inTerminal(args: readonly string[]): Promise<Ended> {
  const line = [process.execPath, MAIN, ...args].map((arg) => `'${arg}'`).join(' ');
  return new Command(['-qec', line, '/dev/null'], { TERM: 'xterm' }, 'script', []).ended;
}

/** A folder that is gone after the test. */
export function folder() {
  const path = mkdtempSync(join(tmpdir(), 'threadmill-cli-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return {
    path: (name: string) => join(path, name),
    write: (name: string, text: string) => {
      writeFileSync(join(path, name), text);
      return join(path, name);
    },
    text: (name: string) => readFileSync(join(path, name), 'utf8'),
    json: (name: string) => parsed(readFileSync(join(path, name), 'utf8')),
  };
}

/** Lines of JSON. */
export function parsed(text: string): any[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

export function ndjson(values: readonly unknown[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join('');
}
