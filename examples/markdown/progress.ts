import { Presets, SingleBar } from 'cli-progress';

export interface Progress {
  /** One more is done. */
  advance(): void;
  /** Something worth showing beside the numbers. */
  note(text: string): void;
  stop(): void;
}

/** A bar on a terminal, plain lines anywhere else. */
export function showProgress(title: string, total: number): Progress {
  return process.stdout.isTTY ? bar(title, total) : lines(title, total);
}

function bar(title: string, total: number): Progress {
  const format = `${title.padEnd(24)} {bar} {value}/{total} {note}`;
  const drawn = new SingleBar({ format, barsize: 30, hideCursor: true, stopOnComplete: false }, Presets.shades_classic);
  drawn.start(total, 0, { note: '' });
  return {
    advance: () => drawn.increment(),
    note: (note) => drawn.update({ note }),
    stop: () => drawn.stop(),
  };
}

function lines(title: string, total: number): Progress {
  const step = Math.ceil(total / 4);
  let done = 0;
  return {
    advance: () => {
      done++;
      if (done % step === 0 || done === total) console.log(`${title}: ${done}/${total}`);
    },
    note: (text) => console.log(`${title}: ${text}`),
    stop: () => {},
  };
}
