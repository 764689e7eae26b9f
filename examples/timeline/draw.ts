/** What this picture is drawn from: the Trace Event Format. */
export interface TraceEvent {
  name: string;
  ph: string;
  tid?: number;
  ts?: number;
  dur?: number;
  cname?: string;
  args?: Record<string, unknown>;
}

const COLOURS: Record<string, string> = { good: '#4c9f70', bad: '#d98e04', terrible: '#c0392b', grey: '#999' };
const WIDTH = 960;
const LEFT = 80;
const ROW = 34;
const COUNTER = 60;

/** An SVG of the first to the last slice: a counter of what waits, and a track for each thread. */
export function draw(events: readonly TraceEvent[]): string {
  const slices = events.filter(({ ph }) => ph === 'X') as Required<TraceEvent>[];
  const from = Math.min(...slices.map(({ ts }) => ts));
  const to = Math.max(...slices.map(({ ts, dur }) => ts + dur));
  const x = (ts: number) => LEFT + ((Math.min(Math.max(ts, from), to) - from) / (to - from)) * (WIDTH - LEFT - 10);
  const tracks = [...new Set(slices.map(({ tid }) => tid))].sort((a, b) => a - b);
  const y = (tid: number) => COUNTER + 10 + tracks.indexOf(tid) * ROW;
  const parts = [
    counter(events, x),
    ...tracks.map((tid) => label(y(tid) + 20, `thread ${tid}`)),
    ...slices.map((slice) => box(slice, x(slice.ts), x(slice.ts + slice.dur), y(slice.tid))),
    ...events
      .filter(({ ph, tid }) => ph === 'i' && tracks.includes(tid ?? -1))
      .map((one) => mark(one.name, x(one.ts ?? 0), y(one.tid ?? 0))),
  ];
  const height = COUNTER + 40 + tracks.length * ROW;
  const axis = text(LEFT, height - 8, '0 ms') + text(WIDTH - 60, height - 8, `${Math.round((to - from) / 1_000)} ms`);
  const open = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="11">`;
  return `${open}\n<title>What each thread did when</title>\n<rect width="100%" height="100%" fill="#fff"/>\n${parts.join('\n')}\n${axis}\n</svg>\n`;
}

function counter(events: readonly TraceEvent[], x: (ts: number) => number): string {
  const steps = events.filter(({ ph }) => ph === 'C').map(({ ts = 0, args }) => ({ at: x(ts), jobs: Number(args?.jobs) }));
  const most = Math.max(1, ...steps.map(({ jobs }) => jobs));
  const height = (jobs: number) => COUNTER - (jobs / most) * (COUNTER - 15);
  const line = steps.map(({ at, jobs }, n) => `L${at} ${height(steps[n - 1]?.jobs ?? 0)} L${at} ${height(jobs)}`).join(' ');
  const last = height(steps.at(-1)?.jobs ?? 0);
  return `<path d="M${LEFT} ${COUNTER} ${line} L${WIDTH - 10} ${last} L${WIDTH - 10} ${COUNTER} Z" fill="#bcd"/>${label(COUNTER - 8, `${most} waiting`)}`;
}

function box({ name, cname }: Required<TraceEvent>, from: number, to: number, y: number): string {
  const width = Math.max(0.5, to - from - 0.5);
  const shape = `<rect x="${from}" y="${y}" width="${width}" height="26" fill="${COLOURS[cname] ?? '#777'}"><title>${name}</title></rect>`;
  return width < name.length * 6 ? shape : `${shape}<text x="${from + 3}" y="${y + 17}" fill="#fff">${name}</text>`;
}

function mark(name: string, x: number, y: number): string {
  const colour = name.startsWith('killed') ? '#c0392b' : '#36c';
  return `<path d="M${x} ${y - 1} l-4 -6 h8 Z" fill="${colour}"><title>${name}</title></path>`;
}

const label = (y: number, words: string) => text(4, y, words);
const text = (x: number, y: number, words: string) => `<text x="${x}" y="${y}" fill="#333">${words}</text>`;
