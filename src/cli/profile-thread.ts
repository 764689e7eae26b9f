/**
 * What a job thread is started with when it is profiled: V8's sampling profiler, by a session of the thread's own. It
 * hears of nobody while a job runs that does not yield; between two jobs it does.
 */
import { Session } from 'node:inspector';
import { BroadcastChannel, threadId } from 'node:worker_threads';
import { type FromProfiler, PROFILER, SAMPLING_INTERVAL, type ToProfiler } from './profile-messages.js';

const channel = new BroadcastChannel(PROFILER);
channel.unref();
const session = new Session();

function say(message: FromProfiler): void {
  channel.postMessage(message);
}

channel.onmessage = (event) => {
  const { type } = (event as { data: ToProfiler | FromProfiler }).data;
  if (type === 'start') {
    session.connect();
    session.post('Profiler.enable');
    session.post('Profiler.setSamplingInterval', { interval: SAMPLING_INTERVAL });
    session.post('Profiler.start', () => say({ type: 'started', threadId }));
  } else if (type === 'stop') {
    session.post('Profiler.stop', (error, result) => {
      session.disconnect();
      say({ type: 'profile', threadId, profile: error === null ? result.profile : undefined });
    });
  }
};
