import assert from 'node:assert/strict';
import { InputTooLargeError, JobQueue } from 'threadmill';
import { brightness, digest, gradient, invert } from './bytes.job.js';

await using queue = new JobQueue({ logger: false });

// 1. Send where it is.
console.log('sha256', await queue.run(digest, { path: process.execPath }));

// 2. Share it.
const size = 64 * 1024 * 1024;
const pixels = new SharedArrayBuffer(size);
new Uint8Array(pixels).fill(2);
const quarters = [0, 1, 2, 3].map((n) => ({ pixels, from: (n * size) / 4, to: ((n + 1) * size) / 4 }));
const sums: number[] = [];
for await (const sum of queue.map(brightness, quarters)) sums.push(sum);
console.log('sums', sums);

// 3. Move it: a result to here, an input to there.
const picture = await queue.run(gradient, { size: 8 * 1024 * 1024 });
const inverted = await queue.run(invert, picture, { transfer: [picture.pixels.buffer as ArrayBuffer] });
console.log('moved', inverted.byteLength, 'left here', picture.pixels.byteLength);

// 4. What is too large says so, and what to do.
const error = await queue.run(invert, { pixels: new Uint8Array(17 * 1024 * 1024) }).catch((thrown: unknown) => thrown);
console.log(String(error));

assert.deepEqual(sums, new Array(4).fill(size / 2));
assert.deepEqual([inverted[0], inverted[255], picture.pixels.byteLength], [255, 0, 0]);
assert.ok(error instanceof InputTooLargeError);
