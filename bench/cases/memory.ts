import { piscina } from '../peers/piscina.js';
import { threadmill } from '../peers/threadmill.js';
import type { Case, Group } from '../result.js';
import { rssAlong } from '../rss.js';

/** Jobs that have ended may leave nothing behind. */
export const memory: Case = async ({ quick }) => {
  const jobs = quick ? 200_000 : 1_000_000;
  const groups: Group[] = [];
  for (const { name, open } of [threadmill, piscina]) {
    const peer = await open(2);
    const rounds = await rssAlong(jobs, 256, () => peer.run('noop', { n: 1 }));
    await peer.close();
    groups.push({ name: `RSS over ${jobs.toLocaleString('en').replaceAll(',', ' ')} jobs, ${name}`, unit: 'MiB', rounds, compare: false });
  }
  return groups;
};
