import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import * as ours from 'threadmill';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeThrown, encodeThrown } from '../../dist/internals.js';
import { caught, makeQueue } from '../helpers.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
let place: string;
let theirs: typeof ours;
let job: ours.JobDefinition<string, string, never>;

const JOB = `
import { CancelledError, defineJob, ModuleError, NotCloneableError, UnrecoverableError } from './copy/dist/index.js';

class Hopeless extends UnrecoverableError {}
const ERRORS = { UnrecoverableError, Hopeless, ModuleError, NotCloneableError, CancelledError };
export const job = defineJob({
  name: 'of-a-copy',
  module: import.meta.url,
  backoff: { type: 'fixed', delay: 0 },
  input: { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } },
  run: (name) => {
    throw new ERRORS[name]('from the copy', { cause: 'a cause' });
  },
});
`;

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'threadmill-copy-'));
  await mkdir(join(place, 'copy'));
  await cp(join(root, 'dist'), join(place, 'copy', 'dist'), { recursive: true });
  await cp(join(root, 'package.json'), join(place, 'copy', 'package.json'));
  await symlink(join(root, 'node_modules'), join(place, 'node_modules'));
  await writeFile(join(place, 'package.json'), '{ "type": "module" }');
  await writeFile(join(place, 'of-a-copy.job.js'), JOB);
  theirs = await import(pathToFileURL(join(place, 'copy', 'dist', 'index.js')).href);
  ({ job } = await import(pathToFileURL(join(place, 'of-a-copy.job.js')).href));
});
afterAll(() => rm(place, { recursive: true, force: true }));

/** An error of each class, made without its constructor's arguments. */
function classesOf(copy: typeof ours): [string, ours.ThreadmillError, new () => ours.ThreadmillError][] {
  return Object.entries(copy).flatMap(([name, value]) => {
    const isOne = typeof value === 'function' && Object.prototype.isPrototypeOf.call(copy.ThreadmillError.prototype, value.prototype);
    const type = value as unknown as new (...args: unknown[]) => ours.ThreadmillError;
    return isOne ? [[name, new type('message', [], 1, 2), type]] : [];
  });
}

describe('errors of another copy of the package', () => {
  test('it is another copy', () => {
    expect(theirs.UnrecoverableError).not.toBe(ours.UnrecoverableError);
  });

  test('are instances of the classes of this one, and of no other', () => {
    const classes = classesOf(ours);
    expect(classes.length).toBeGreaterThan(12);
    for (const [name, error] of classesOf(theirs)) {
      expect(error, name).toBeInstanceOf(ours.ThreadmillError);
      for (const [other, mine, type] of classes) {
        const isParent =
          mine instanceof type && Object.prototype.isPrototypeOf.call(type.prototype, classes.find(([one]) => one === name)?.[1] ?? {});
        expect(error instanceof type, `${name} instanceof ${other}`).toBe(isParent);
      }
    }
  });

  test('cross as errors of this one, as its own do, with what they carry', () => {
    for (const [name, error] of [...classesOf(theirs), ...classesOf(ours)]) {
      const crossed = decodeThrown(structuredClone(encodeThrown(error))) as Error;
      expect(Object.getPrototypeOf(crossed), name).toBe((ours as unknown as Record<string, { prototype: object }>)[name]?.prototype);
      expect(crossed).toMatchObject({ name, message: error.message, code: error.code });
    }
  });

  test.each([
    null,
    undefined,
    1,
    'ERR_UNRECOVERABLE',
    {},
    { code: 'ERR_UNRECOVERABLE' },
    new Error('e'),
    Object.assign(new Error('e'), { code: 'ERR_INPUT' }),
  ])('nothing else is one: %j', (value) => {
    expect(value instanceof ours.ThreadmillError).toBe(false);
    expect(value instanceof ours.UnrecoverableError).toBe(false);
  });

  test('a class of a user is not what another copy threw', () => {
    class Hopeless extends ours.UnrecoverableError {}
    expect(new theirs.UnrecoverableError('no') instanceof Hopeless).toBe(false);
    expect(new Hopeless('no')).toBeInstanceOf(theirs.UnrecoverableError);
  });
});

describe('a job module that imports another copy', () => {
  test.each(['UnrecoverableError', 'Hopeless', 'ModuleError', 'NotCloneableError'] as const)(
    'is not retried after its %s',
    async (name) => {
      const queue = makeQueue();
      const added = await queue.add(job, name);
      const error = await caught(added.result());
      expect(added.attempts).toHaveLength(1);
      expect(queue.stats().totals.retried).toBe(0);
      expect(error).toBeInstanceOf(ours.ThreadmillError);
      expect(error).toMatchObject({ name, message: 'from the copy', cause: 'a cause', jobName: 'of-a-copy', attempt: 1 });
    },
  );

  test('is retried after any other', async () => {
    const added = await makeQueue().add(job, 'CancelledError');
    expect(await caught(added.result())).toBeInstanceOf(ours.CancelledError);
    expect(added.attempts).toHaveLength(4);
  });
});
