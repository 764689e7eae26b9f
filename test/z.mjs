import { JobQueue } from 'threadmill';
import { polite } from './fixtures/faults.job.js';
import { innocent } from './fixtures/fault.job.js';
const t0=performance.now(); const log=(...a)=>console.log((performance.now()-t0).toFixed(0).padStart(6),...a);
const q=new JobQueue({logger:false,threads:1,spareThreads:0});
for (const how of process.argv.slice(2)) {
  const told = new Promise(r=>q.once('progress',r));
  const job = await q.add(polite,{how}); await told; log(how,'cancel'); job.cancel('x');
  await job.result().catch(e=>log(how,e.message, q.stats().threads));
  await Promise.all([...Array(50).keys()].map((n) => q.run(innocent, { n })));
}
await q.close();
