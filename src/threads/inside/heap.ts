import { getHeapStatistics } from 'node:v8';
import { CELL } from '../wire/shared-memory.js';

// Taken now: handlers may change the globals.
const { store } = Atomics;
const MIB = 1024 * 1024;

/** Writes where the queue sees it how much of this thread's heap is in use. */
export function writeHeap(cells: Int32Array): void {
  store(cells, CELL.HEAP, getHeapStatistics().used_heap_size / MIB);
}
