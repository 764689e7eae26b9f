import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { JobQueue } from 'threadmill';

export const dynamic = 'force-dynamic';

// The job file stays as it is, so that threads can load it too.
const jobs = import(/* turbopackIgnore: true */ /* webpackIgnore: true */ pathToFileURL(join(process.cwd(), 'jobs/hello.job.js')).href);

// One queue for the process, also when a module is evaluated again in development.
globalThis.queue ??= new JobQueue({ threads: 2, logger: false });

export async function GET(request) {
  const { hello, spin } = await jobs;
  const name = new URL(request.url).searchParams.get('name');
  if (name !== null) return new Response(await globalThis.queue.run(hello, { name }));
  return new Response(await globalThis.queue.run(spin, {}).catch((error) => error.message));
}
