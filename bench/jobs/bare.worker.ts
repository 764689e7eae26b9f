import { parentPort, workerData } from 'node:worker_threads';

/** A thread with the user's modules, and no library. */
await import(workerData.module);
parentPort?.on('message', () => {});
parentPort?.postMessage('ready');
