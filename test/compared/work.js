// A task for the pools that are compared: computes for so many milliseconds, -1 for ever.
import workerpool from 'workerpool';

export default function spin(ms) {
  const end = performance.now() + ms;
  while (ms < 0 || performance.now() < end);
  return ms;
}

if (process.env.COMPARED === 'workerpool') workerpool.worker({ spin });
