import { expect, test } from 'vitest';
import { Rare, renewed } from '../../dist/job/rare.js';

test('a job that begins anew stays in the trace that it is in, and keeps nothing else', () => {
  const [trace, carrier] = [{}, { traceparent: '00-1' }];
  const former = Object.assign(new Rare(), { trace, carrier, progress: 1, checkpoint: 2, putOffs: 3, logs: ['line'], droppedBytes: 4 });
  expect(renewed(former)).toEqual(Object.assign(new Rare(), { trace, carrier }));
  expect(renewed(Object.assign(new Rare(), { progress: 1 }))).toBeUndefined();
  expect(renewed(undefined)).toBeUndefined();
});
