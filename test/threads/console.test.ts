import { execFile } from 'node:child_process';
import type { EventEmitter } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Logger, pino } from 'pino';
import type { QueueOptions } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { caught, makeGate, makeQueue, thrownBy, until } from '../helpers.js';
import { printing } from './fixtures/printing.job.js';

interface Line {
  level: string;
  jobId: string | undefined;
  job: string | undefined;
  text: string;
}

/** A queue whose threads' output becomes lines of its log. */
function logged(options: QueueOptions = {}, logger: object = {}) {
  const lines: Line[] = [];
  const at =
    (level: string) =>
    ({ jobId, job }: any, text = '') =>
      void lines.push({ level, jobId, job, text });
  const methods = { trace: at('trace'), debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  const queue = makeQueue({ ...options, worker: { console: 'log', ...options.worker }, logger: Object.assign(logger, methods) });
  const printed = () => lines.filter(({ text }) => text !== 'job completed').map(({ level, text }) => [level, text]);
  return { queue, lines, printed };
}

const NOT_OF_JOBS = [
  ['info', 'loaded'],
  ['warn', 'set up'],
];

describe("'log'", () => {
  test('makes each line one of its job, at the level of the method', async () => {
    const { queue, lines, printed } = logged();
    const job = await queue.add(printing, { way: 'methods' });
    await job.result();
    expect(printed()).toEqual([
      ...NOT_OF_JOBS,
      ['info', 'a line of log { deep: [ 1 ] }'],
      ['info', 'info'],
      ['warn', 'warn'],
      ['error', expect.stringMatching(/^RangeError: bad\n.*printing\.job\.js/)],
      ['debug', 'debug'],
      ['trace', expect.stringMatching(/^Trace: trace\n(.*\n)*.*printing\.job\.js/)],
    ]);
    expect(lines.slice(2, 8).map(({ jobId }) => jobId)).toEqual(Array.from({ length: 6 }, () => job.id));
    expect(job.logs.map((line) => line.split(' ').slice(1, 3).join(' '))).toEqual(
      expect.arrayContaining(['info a', 'warn warn', 'debug debug']),
    );
  });

  test('what a module prints while it is loaded, or set up, carries the name of the definition', async () => {
    const { queue, lines } = logged();
    await queue.run(printing, {});
    expect(lines.slice(0, 2)).toEqual([
      { level: 'info', jobId: undefined, job: 'printing', text: 'loaded' },
      { level: 'warn', jobId: undefined, job: 'printing', text: 'set up' },
    ]);
  });

  test('knows all that console has', async () => {
    const { queue, printed } = logged();
    await queue.run(printing, { way: 'other' });
    expect(printed().slice(2)).toEqual([
      ['info', expect.stringContaining('│ 0       │ 1 │')],
      ['info', 'group'],
      ['info', '  inside'],
      ['warn', 'Assertion failed: not so'],
      ['info', '{ a: 1 }'],
    ]);
  });

  test('takes what is written to the streams, and calls back', async () => {
    const { queue, printed } = logged();
    await queue.run(printing, { way: 'streams' });
    expect(printed().slice(2)).toEqual([
      ['info', 'out'],
      ['info', 'bytes'],
      ['error', 'err'],
    ]);
    await queue.run(printing, { way: 'callbacks' });
    expect(printed().slice(5)).toEqual([
      ['info', 'taken'],
      ['error', 'taken'],
    ]);
  });

  test('lines of a job that is killed arrive, all of them', async () => {
    const { queue, lines } = logged();
    const job = await queue.add(printing, { way: 'hang' }, { timeout: 200, maxAttempts: 1 });
    await caught(job.result());
    const own = lines.filter(({ jobId, text }) => jobId === job.id && text.startsWith('line '));
    expect(own.map(({ text }) => text)).toEqual(Array.from({ length: 50 }, (_, line) => `line ${line}`));
  });

  test('what is printed when a thread ends in peace arrives before close resolves', async () => {
    const { queue, lines } = logged();
    await queue.run(printing, {});
    await queue.close();
    expect(lines.slice(-2).map(({ text, job }) => [text, job])).toEqual([
      ['torn down', 'printing'],
      ['exits', undefined],
    ]);
  });

  test('lines of a job that is running when its queue is closed arrive', async () => {
    const { queue, lines } = logged();
    const gate = new SharedArrayBuffer(4);
    const job = await queue.add(printing, { way: 'endlessFlood', gate });
    await until(() => Atomics.load(new Int32Array(gate), 0) === 1);
    await queue.close({ drain: 'none' });
    expect(lines.filter(({ jobId }) => jobId === job.id).length).toBeGreaterThan(0);
  });

  test('what a job prints when it has ended carries its id', async () => {
    const { queue, lines } = logged();
    const gate = makeGate();
    const job = await queue.add(printing, { way: 'later', gate: gate.memory });
    await job.result();
    gate.open();
    await until(() => lines.some(({ text }) => text === 'from a job that has ended'));
    expect(lines.find(({ text }) => text === 'from a job that has ended')).toMatchObject({ level: 'info', jobId: job.id, job: 'printing' });
    expect(job.logs).toEqual([]);
  });

  test('and of that no more than a running job may say', async () => {
    const { queue, lines } = logged();
    const gate = makeGate();
    await queue.run(printing, { way: 'later', gate: gate.memory, times: 20_000 });
    gate.open();
    const late = () => lines.filter(({ text }) => text === 'from a job that has ended').length;
    await until(() => late() > 0);
    await queue.close();
    expect(late()).toBeLessThan(15_000);
  });

  test.each(['flood', 'endlessFlood'])(
    'a job that prints without end (%s) holds nobody up, and what is left out is counted',
    async (way) => {
      const { queue, lines } = logged();
      await queue.run(printing, {});
      const delay = monitorEventLoopDelay({ resolution: 1 });
      delay.enable();
      await queue.run(printing, { way }, { timeout: way === 'flood' ? 30_000 : 500 }).catch(() => {});
      delay.disable();
      expect(delay.max / 1e6).toBeLessThan(1_000);
      const arrived = lines.filter(({ text }) => text === 'line').length;
      const dropped = lines.reduce(
        (sum, { text }) => sum + (/log lines of this job were dropped/.test(text) ? Number.parseInt(text, 10) : 0),
        0,
      );
      expect(arrived).toBeGreaterThan(0);
      expect(arrived).toBeLessThan(50_000);
      if (way === 'flood') expect(arrived + dropped).toBe(100_000);
    },
  );
});

describe('a level that the logger does not take', () => {
  test.each([
    ['costly', 'debug and trace of console'],
    ['context', 'context.log.debug'],
  ])('%s: nothing is formatted, nor kept (%s)', async (way) => {
    const { queue, printed } = logged({}, { isLevelEnabled: (level: string) => level !== 'debug' && level !== 'trace' });
    const job = await queue.add(printing, { way });
    expect(await job.result()).toBe(0);
    expect(printed()).toEqual(NOT_OF_JOBS);
    expect(job.logs).toEqual([]);
  });

  test('is taken from when the level is changed on, by one listener for all queues of a logger', async () => {
    const sink: string[] = [];
    const logger: Logger = pino({ level: 'info' }, { write: (line) => void sink.push(JSON.parse(line).msg) });
    const queues = Array.from({ length: 3 }, () => makeQueue({ logger, worker: { console: 'log' } }));
    for (const queue of queues) expect(await queue.run(printing, { way: 'costly' })).toBe(0);
    logger.level = 'debug';
    for (const queue of queues) expect(await queue.run(printing, { way: 'costly' })).toBe(1);
    expect(sink.filter((text) => text === 'costly')).toHaveLength(3);
    expect((logger as unknown as EventEmitter).listenerCount('level-change')).toBe(1);
  });

  test('of a logger that fails when asked is taken', async () => {
    const fails = () => {
      throw new Error('not now');
    };
    const { queue } = logged({}, { isLevelEnabled: fails, on: fails });
    expect(await queue.run(printing, { way: 'costly' })).toBe(2);
  });
});

describe('without a logger', () => {
  test('lines are kept with their job', async () => {
    const queue = makeQueue({ worker: { console: 'log' } });
    const job = await queue.add(printing, { way: 'methods' });
    await job.result();
    expect(job.logs).toHaveLength(6);
  });
});

// What threads print goes to this process's own output: so in a process of its own.
test.each([
  ['inherit', 'loaded\nout\nbytestorn down\nexits\n', 'set up\nerr\n'],
  ['default', 'loaded\nout\nbytestorn down\nexits\n', 'set up\nerr\n'],
  ['ignore', '', ''],
  ['log', '', ''],
])('%s: the output of the process is', async (how, stdout, stderr) => {
  const script = fileURLToPath(new URL('fixtures/prints.js', import.meta.url));
  const printed = await promisify(execFile)(process.execPath, [script, how]);
  expect({ stdout: printed.stdout, stderr: printed.stderr }).toEqual({ stdout, stderr });
});

test('another word is refused', () => {
  expect(thrownBy(() => makeQueue({ worker: { console: 'pipe' as never } })).message).toMatch(/"worker\.console"/);
});
