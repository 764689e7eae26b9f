import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ThreadInspector } from '../../dist/threads/inspector.js';

type Message = { id: number; method: string };

/** An inspector of thread 1: what it asks there, and how the thread answers. */
async function makeInspector() {
  const listeners = new Map<string, (event: { params: object }) => void>();
  const asked: Message[] = [];
  const inspector = new ThreadInspector({
    connect: () => {},
    on: (event: string, listener: () => void) => listeners.set(event, listener),
    post: (_method: string, params: { message?: string }) => params.message && asked.push(JSON.parse(params.message)),
  } as never);
  const tell = (event: string, params: object) => listeners.get(`NodeWorker.${event}`)?.({ params });
  tell('attachedToWorker', { sessionId: 'a', workerInfo: { title: '[worker 1] WorkerThread' } });
  await turn();
  const answer = (message: object) => tell('receivedMessageFromWorker', { sessionId: 'a', message: JSON.stringify(message) });
  /** Asks it; `isOver` says whether anything has come of it. */
  const ask = (giveUp = () => false) => {
    const answered = inspector.evaluate(1, 'probe()', 1, giveUp);
    const [evaluation, afterwards] = asked.splice(0) as [Message, Message];
    let over = false;
    void answered.then(() => {
      over = true;
    });
    const isOver = async () => {
      await turn();
      return over;
    };
    return { answered, evaluation, afterwards, isOver };
  };
  return { ask, answer, tell };
}

test('an answer counts when the thread has left the evaluation, which it still is in when it sends it', async () => {
  const { ask, answer } = await makeInspector();
  const { answered, evaluation, afterwards, isOver } = ask();
  expect([evaluation.method, afterwards.method]).toEqual(['Runtime.evaluate', 'Runtime.getIsolateId']);
  answer({ id: evaluation.id, result: { result: { value: 'seen' } } });
  expect(await isOver()).toBe(false);
  answer({ id: afterwards.id, result: { id: '7' } });
  expect(await isOver()).toBe(true);
  expect(await answered).toEqual({ value: 'seen' });
});

test('an answer that is too long to be read counts as none that can be told, and no sooner', async () => {
  const { ask, answer } = await makeInspector();
  const { answered, evaluation, afterwards, isOver } = ask();
  answer({ id: evaluation.id, result: { result: { value: 'x'.repeat(1_000_000) } } });
  expect(await isOver()).toBe(false);
  answer({ id: afterwards.id, result: { id: '7' } });
  expect(await answered).toEqual({ value: undefined });
});

test('of two questions to one thread each gets its own answer', async () => {
  const { ask, answer } = await makeInspector();
  const questions = [ask(), ask()];
  for (const [index, { evaluation }] of questions.entries()) answer({ id: evaluation.id, result: { result: { value: index } } });
  for (const { afterwards } of questions) answer({ id: afterwards.id });
  expect(await Promise.all(questions.map(({ answered }) => answered))).toEqual([{ value: 0 }, { value: 1 }]);
});

test('one that is given up, or whose thread ends, has no answer', async () => {
  const { ask, tell } = await makeInspector();
  expect(await ask(() => true).answered).toBeUndefined();
  const { answered } = ask();
  tell('detachedFromWorker', { sessionId: 'a' });
  expect(await answered).toBeUndefined();
});

test('nothing is done while Node.js tells of an answer, for it does so in the middle of whatever runs: its timers, too', async () => {
  const { ask, answer } = await makeInspector();
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  const { answered, evaluation, afterwards } = ask();
  answer({ id: evaluation.id, result: { result: { value: 'seen' } } });
  answer({ id: afterwards.id });
  expect(timers()).toBe(before + 1);
  expect(await answered).toEqual({ value: 'seen' });
  expect(timers()).toBe(before);
});
