// What cannot work says which guide tells how it does.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, renameSync } from 'node:fs';

const bundle = (...options) => execFileSync('node_modules/.bin/esbuild', ['--bundle', '--platform=node', '--format=esm', ...options]);
const requires = `--banner:js=import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`;

bundle('main.js', '--outfile=all/main.js', requires);
bundle('main.js', '--outfile=one/main.js', '--packages=external');
// As webpack does: the address of the source, which is not there.
bundle('main.js', '--outfile=moved/main.js', '--packages=external', '--define:import.meta.url="file:///gone/hello.job.js"');
mkdirSync('away');
for (const file of ['main.js', 'hello.job.js']) renameSync(file, `away/${file}`);

const GUIDE = /node_modules\/threadmill\/examples\/runtimes\/README\.md/;
for (const [folder, reason] of Object.entries({ all: /Was threadmill bundled/, one: /made inside a job thread/, moved: /no such file/ })) {
  const { status, stderr } = spawnSync(process.execPath, [`${folder}/main.js`], { encoding: 'utf8', timeout: 30_000 });
  if (status !== 1 || !reason.test(stderr) || !GUIDE.test(stderr)) throw new Error(`${folder}: exit code ${status}\n${stderr}`);
}
console.log('it works: three mistakes name the guide');
