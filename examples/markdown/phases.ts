import { join } from 'node:path';
import type { Job, JobQueue } from 'threadmill';
import { largestFirst, library, type MarkdownDocument, totalBytes } from './documents.js';
import { type RenderedPage, renderFile } from './markdown.js';
import { measured } from './measure.js';
import { outline } from './outline.job.js';
import { HANGING, PATTERNS } from './patterns.js';
import { type Progress, showProgress } from './progress.js';
import { render } from './render.job.js';
import { search } from './search.job.js';

/** Paths that no attempt can read: one does not exist, one is a folder. */
export const UNREADABLE = [join(library, 'threadmill-demo', 'missing.md'), library];

/** How many documents are outlined, the largest first. */
const OUTLINES = 6;

/**
 * Renders some documents before anything is measured, on the main thread and on every thread of the queue: each compiles
 * the highlighter for itself, and is slow until it has. A server does that once; a measurement of some seconds would show
 * little else.
 */
export async function warmUp(queue: JobQueue, documents: readonly MarkdownDocument[], threads: number) {
  for (const { path } of documents) await renderFile(path);
  const inputs = Array.from({ length: threads }, () => documents.map(({ path }) => ({ path }))).flat();
  const jobs = await queue.addBulk(render, inputs);
  await Promise.all(jobs.map((job) => job.result()));
  return { jobs: jobs.length };
}

/** Renders all documents one after another on the thread that runs this. */
export function renderHere(documents: readonly MarkdownDocument[]) {
  const progress = showProgress('render, main thread', documents.length);
  return measured({ jobs: documents.length, bytes: totalBytes(documents) }, async () => {
    const pages: RenderedPage[] = [];
    for (const { path } of documents) {
      pages.push(await renderFile(path));
      progress.advance();
    }
    progress.stop();
    return pages;
  });
}

/** Renders the same documents as jobs. */
export function renderOnQueue(queue: JobQueue, documents: readonly MarkdownDocument[]) {
  const progress = showProgress('render, queue', documents.length);
  return measured({ jobs: documents.length, bytes: totalBytes(documents) }, () =>
    following(queue, progress, async () => {
      const jobs = await queue.addBulk(
        render,
        documents.map(({ path }) => ({ path })),
      );
      return Promise.all(jobs.map((job) => job.result()));
    }),
  );
}

/** The jobs of the second half: searches, of which one hangs, outlines that fail twice, and paths nobody can read. */
export interface TroubledJobs {
  searches: Job<unknown, { matches: number; files: number }>[];
  hanging: Job;
  outlines: Job[];
  unreadable: Job[];
}

/** Searches all documents with every pattern, and does all that goes wrong. */
export function searchWithTrouble(queue: JobQueue, documents: readonly MarkdownDocument[]) {
  const outlined = largestFirst(documents).slice(0, OUTLINES);
  const jobs = PATTERNS.length + outlined.length + UNREADABLE.length;
  const bytes = totalBytes(documents) * PATTERNS.length + totalBytes(outlined);
  const progress = showProgress('search, with trouble', jobs);
  return measured({ jobs, bytes }, () => following(queue, progress, () => runTrouble(queue, documents, outlined)));
}

async function runTrouble(
  queue: JobQueue,
  documents: readonly MarkdownDocument[],
  outlined: readonly MarkdownDocument[],
): Promise<TroubledJobs> {
  const paths = documents.map(({ path }) => path);
  const searches = await queue.addBulk(
    search,
    PATTERNS.map(({ pattern, flags }) => ({ pattern, flags, paths })),
  );
  const unreadable = await queue.addBulk(
    render,
    UNREADABLE.map((path) => ({ path })),
  );
  const outlines = await queue.addBulk(
    outline,
    outlined.map(({ path }) => ({ path })),
  );
  await Promise.allSettled([...searches, ...unreadable, ...outlines].map((job) => job.result()));
  return { searches, hanging: searches[PATTERNS.indexOf(HANGING)] as Job, outlines, unreadable };
}

/** Shows the progress of the queue for as long as the work takes. */
async function following<Result>(queue: JobQueue, progress: Progress, work: () => Promise<Result>): Promise<Result> {
  const advance = () => progress.advance();
  const noteKill = ({ reason }: { reason: string }) => progress.note(`thread killed (${reason})`);
  queue.on('completed', advance).on('failed', advance).on('thread-killed', noteKill);
  try {
    return await work();
  } finally {
    queue.off('completed', advance).off('failed', advance).off('thread-killed', noteKill);
    progress.stop();
  }
}
