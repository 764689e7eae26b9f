import { availableParallelism } from 'node:os';
import { JobQueue } from 'threadmill';
import { findDocuments, largestFirst, library, sample, totalBytes } from './documents.js';
import { checkBalance, checkEnd, compare } from './expectations.js';
import { outline } from './outline.job.js';
import { CORRECTED } from './patterns.js';
import { renderHere, renderOnQueue, searchWithTrouble, warmUp } from './phases.js';
import { render } from './render.job.js';
import { reportDeadLetters, reportDifferences, reportHang, reportLesson, reportPhases, reportSearches, reportTotals } from './report.js';
import { search } from './search.job.js';

/** Most documents that are rendered: enough for some seconds. */
const DOCUMENTS = 260;

// 1. The input: all Markdown files among the installed packages.
const documents = await findDocuments(library);
console.log(`${documents.length} Markdown files, ${(totalBytes(documents) / 1e6).toFixed(2)} MB, in ${library}\n`);

// 2. A queue whose threads have loaded the jobs before anything is measured.
const threads = availableParallelism();
await using queue = new JobQueue({ name: 'markdown', threads, jobs: [render, search, outline], logger: false });
await queue.ready();

// 3. The same rendering twice: on the main thread, and as jobs. Before that, everybody warms up on other documents.
const chosen = sample(documents, DOCUMENTS);
const early = chosen.filter((_, index) => index % 8 === 0);
const rendered = largestFirst(chosen.filter((_, index) => index % 8 !== 0));
const warm = await warmUp(queue, early, threads);
const here = await renderHere(rendered);
const jobs = await renderOnQueue(queue, rendered);

// 4. Searches, of which one never ends, sources that are busy, and files that cannot be read.
const troubled = await searchWithTrouble(queue, documents);

// 5. What came of it.
const stats = queue.stats();
const letters = queue.deadLetters.list();
reportPhases({ 'render, main thread': here.phase, 'render, queue': jobs.phase, 'search, with trouble': troubled.phase });
await reportSearches(troubled.result);
reportTotals(stats);
reportDeadLetters(letters);
reportHang(troubled.result);

// 6. One dead letter gets a corrected input and runs again, under its own id.
const { id } = troubled.result.hanging;
const paths = documents.map(({ path }) => path);
const replayed = await queue.deadLetters.replay(id, { input: { pattern: CORRECTED.pattern, flags: CORRECTED.flags, paths } });
console.log(`\nReplayed ${id} as /${CORRECTED.pattern}/${CORRECTED.flags}:`, await replayed.result());

// 7. Did everything end as it should?
const differences = [
  ...compare('pages rendered by jobs', here.result, jobs.result),
  ...checkEnd(stats, letters, warm.jobs + rendered.length, troubled.result),
  ...compare('dead letters after the replay', letters.length - 1, queue.deadLetters.size),
  ...checkBalance(queue.stats()),
];
reportDifferences(differences);
reportLesson(here.phase, jobs.phase, threads);
process.exitCode = differences.length === 0 ? 0 : 1;
