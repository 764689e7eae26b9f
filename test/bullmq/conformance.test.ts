import { createTestQueue } from 'threadmill/testing';
import { closeAfterwards } from '../helpers.js';
import { conforms } from './conformance.js';

conforms({
  name: 'a test queue, inline',
  kills: false,
  passes: false,
  make: (jobs) => {
    const queue = closeAfterwards(createTestQueue({ mode: 'inline', jobs }));
    // Its time stands still.
    queue.on('retrying', (_job, _error, delay) => void queue.clock.advance(delay));
    queue.on('snoozed', (_job, delay) => void queue.clock.advance(delay));
    return queue;
  },
});
