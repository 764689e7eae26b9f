import type { JobQueue } from '../index.js';
import { Recorder } from './recorder.js';
import { TraceFile } from './trace-file.js';

/** What {@link recordTimeline} takes. */
export interface TimelineOptions {
  /** The file gets no longer than about this; what comes after it is counted in `dropped`. Default 256 MiB, about 1.5 million jobs. */
  maxBytes?: number;
}

/** A recording that runs. */
export interface Timeline extends AsyncDisposable {
  /** Jobs and marks that are not in the file: it was too long, or the disk too slow. */
  readonly dropped: number;
  /** Ends the recording. Resolves when the file is whole; rejects when it could not be written. */
  close(): Promise<void>;
}

const MAX_BYTES = 256 * 1_024 * 1_024;

/**
 * Records what every thread of a queue does, as a file that https://ui.perfetto.dev and Chrome's tracing page open: a track
 * for each thread with its jobs as slices, with kills and boots as marks, and how many jobs wait as a counter. Written as
 * it comes, in bounded memory; nothing is asked of the queue but its events, and its counts 20 times a second. Jobs that run
 * when it begins are in it, jobs that run when it is closed are not.
 */
export function recordTimeline(queue: JobQueue, file: string, { maxBytes = MAX_BYTES }: TimelineOptions = {}): Timeline {
  const trace = new TraceFile(file, maxBytes);
  const recorder = new Recorder(queue, trace, process.pid, queue.name);
  const close = () => {
    recorder.stop();
    return trace.close();
  };
  return {
    get dropped() {
      return trace.dropped;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
