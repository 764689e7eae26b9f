import { clearLine, cursorTo } from 'node:readline';
import progress from 'cli-progress';

/** How far a command is, on stderr. */
export interface Progress {
  /** `done` of the total; `text` gives what is shown beside it, and is asked only when it is shown. */
  update(done: number, text: () => string): void;
  /** A line that stays. */
  note(line: string): void;
  /** Takes the bar away. */
  stop(): void;
}

/** A bar on a terminal; anywhere else a line every tenth of the total, or every 10 s when that is not known. */
export function showProgress(title: string, total: number | undefined): Progress {
  if (process.stderr.isTTY) return bar(title, total);
  return total === undefined ? timedLines(title) : tenths(title, total);
}

/** Milliseconds between two drawings of the bar. */
const DRAW_INTERVAL = 50;

function bar(title: string, total: number | undefined): Progress {
  const format = total === undefined ? `${title} {text}` : `${title} {bar} {percentage}% {text}`;
  const options = { format, barsize: 30, hideCursor: true, clearOnComplete: true, stopOnComplete: false, stream: process.stderr };
  const drawn = new progress.SingleBar(options, progress.Presets.shades_classic);
  drawn.start(total ?? 1, 0, { text: '' });
  let next = 0;
  return {
    update: (done, text) => {
      if (performance.now() < next) return;
      next = performance.now() + DRAW_INTERVAL;
      drawn.update(total === undefined ? 0 : Math.min(done, total), { text: text() });
    },
    note: (line) => {
      cursorTo(process.stderr, 0);
      clearLine(process.stderr, 0);
      process.stderr.write(`${line}\n`);
    },
    stop: () => drawn.stop(),
  };
}

const print = (line: string) => void process.stderr.write(`${line}\n`);

function tenths(title: string, total: number): Progress {
  let told = 0;
  return {
    update: (done, text) => {
      const tenth = total === 0 ? 0 : Math.min(10, Math.floor((done / total) * 10));
      if (tenth > told) print(`${title} ${tenth * 10}% ${text()}`);
      told = Math.max(told, tenth);
    },
    note: print,
    stop: () => {},
  };
}

/** Milliseconds between lines whose share of the total is not known. */
const LINE_INTERVAL = 10_000;

function timedLines(title: string): Progress {
  let next = performance.now() + LINE_INTERVAL;
  return {
    update: (_done, text) => {
      if (performance.now() < next) return;
      print(`${title} ${text()}`);
      next = performance.now() + LINE_INTERVAL;
    },
    note: print,
    stop: () => {},
  };
}
