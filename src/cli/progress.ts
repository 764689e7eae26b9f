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
const BAR_SIZE = 30;
/** To the beginning of the line, which is then empty. */
const CLEAR = '\r\x1b[2K';

/**
 * One line at the bottom, drawn again and again. It leaves the terminal as it was whatever ends the command: the cursor
 * is neither hidden nor moved to another line, so there is nothing to put back.
 */
function bar(title: string, total: number | undefined): Progress {
  const { stderr } = process;
  const clear = () => void stderr.write(CLEAR);
  const draw = (done: number, text: string) => {
    const whole = total === undefined ? '' : ` ${share(total === 0 ? 1 : Math.min(1, done / total))}`;
    // A line that wraps is two, of which only one could be drawn again.
    stderr.write(`${CLEAR}${`${title}${whole} ${text}`.slice(0, stderr.columns - 1)}`);
  };
  let next = 0;
  process.on('exit', clear);
  draw(0, '');
  return {
    update: (done, text) => {
      if (performance.now() < next) return;
      next = performance.now() + DRAW_INTERVAL;
      draw(done, text());
    },
    note: (line) => void stderr.write(`${CLEAR}${line}\n`),
    stop: () => {
      process.off('exit', clear);
      clear();
    },
  };
}

function share(done: number): string {
  const full = Math.round(BAR_SIZE * done);
  return `${'█'.repeat(full)}${'░'.repeat(BAR_SIZE - full)} ${Math.floor(100 * done)}%`;
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
