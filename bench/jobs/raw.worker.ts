import { parentPort } from 'node:worker_threads';
import { type WorkName, work } from './work.js';

type Run = (input: never) => unknown;

/** One message is one job, `[name, input]`, or a batch, `{ name, inputs }`; the answer has the results in the same order. */
parentPort?.on('message', (message: [WorkName, never] | { name: WorkName; inputs: never[] }) => {
  if (Array.isArray(message)) parentPort?.postMessage((work[message[0]] as Run)(message[1]));
  else parentPort?.postMessage(message.inputs.map((input) => (work[message.name] as Run)(input)));
});
