import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Jimp, JimpMime } from 'jimp';
import { findDocuments, library, type MarkdownDocument } from '../markdown/documents.js';
import { HANGING, PATTERNS } from '../markdown/patterns.js';

/** What somebody may search for: one never ends, one is no regular expression. */
const SEARCHES = [...PATTERNS, HANGING, { title: 'unclosed', pattern: '(unclosed', flags: 'm' }];

/** Clients for a server, so that there is something to see. Goes on until the signal. */
export async function makeTraffic(address: string, signal: AbortSignal): Promise<void> {
  const [image, documents] = [await photo(), await findDocuments(library)];
  const send = (path: string, type: string, body: BodyInit) =>
    fetch(address + path, { method: 'POST', headers: { 'content-type': type }, body, signal }).then((answer) => answer.arrayBuffer());
  const loops = [
    every(900, signal, () => send('/thumbnails?width=256', 'image/png', image)),
    every(350, signal, async (turn) => send('/markdown', 'text/markdown', await readFile(pick(documents, turn).path, 'utf8'))),
    every(3_000, signal, (turn) => send('/searches', 'application/json', JSON.stringify(searchOf(turn)))),
    every(11_000, signal, () => send('/thumbnails', 'image/png', 'this is no image')),
  ];
  await Promise.all(loops);
}

function searchOf(turn: number) {
  const { pattern, flags } = SEARCHES[(turn + SEARCHES.length - 2) % SEARCHES.length] as (typeof SEARCHES)[number];
  return { pattern, flags: flags.replaceAll('g', '') };
}

function pick(documents: readonly MarkdownDocument[], turn: number): MarkdownDocument {
  return documents[(turn * 7_919) % documents.length] as MarkdownDocument;
}

async function every(ms: number, signal: AbortSignal, act: (turn: number) => Promise<unknown>): Promise<void> {
  for (let turn = 0; !signal.aborted; turn++) {
    // A client that fails comes again.
    await act(turn).catch(() => {});
    await sleep(ms, undefined, { signal }).catch(() => {});
  }
}

/** A screenshot of the queue's page, or a drawing where there is none. */
export async function photo(): Promise<Uint8Array<ArrayBuffer>> {
  const screenshot = fileURLToPath(new URL('../../../examples/server/jobs.png', import.meta.url));
  return new Uint8Array(
    await readFile(screenshot).catch(() => new Jimp({ width: 1_280, height: 800, color: 0x3366ccff }).getBuffer(JimpMime.png)),
  );
}
