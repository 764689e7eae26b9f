// Runs the small projects beside this file, each in an empty folder, with the package as it is packed: `node run.mjs [name…]`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

const here = import.meta.dirname;
const root = join(here, '../..');
/** Longest time of one command, in seconds. */
const LIMIT = 150;

const { version: zod } = JSON.parse(readFileSync(join(root, 'node_modules/zod/package.json'), 'utf8'));

const all = readdirSync(here, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'shared')
  .map(({ name }) => name);
const names = process.argv.length > 2 ? process.argv.slice(2) : all;
const place = mkdtempSync(join(tmpdir(), 'threadmill-integrations-'));
const tools = join(place, 'tools');
const env = { ...process.env, PATH: [dirname(process.execPath), process.env.PATH].join(delimiter), NEXT_TELEMETRY_DISABLED: '1', CI: '1' };

/** Runs a command to its end; gives all that it printed, and throws when it failed or took too long. */
async function run(command, cwd) {
  const child = spawn('bash', ['-c', command], { cwd, env, detached: true });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (text += data));
  const limit = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), LIMIT * 1_000);
  const [code] = await once(child, 'close');
  clearTimeout(limit);
  if (code !== 0) throw new Error(`${command}\n${text}`);
  return text;
}

async function integrate(name, tarball) {
  const started = performance.now();
  const folder = join(place, name);
  for (const from of ['shared', name]) cpSync(join(here, from), folder, { recursive: true });
  try {
    const quiet = '--no-audit --no-fund --prefer-offline --loglevel=error';
    if (name === 'pnpm') {
      await run(`npm install ${quiet} --prefix ${tools} pnpm@10.34.8 && ${tools}/node_modules/.bin/pnpm add ${tarball} zod@${zod}`, folder);
    } else await run(`npm install ${quiet} ${tarball} zod@${zod}`, folder);
    const installed = performance.now();
    const text = await run('npm run --silent try', folder);
    const [line] = /^it works.*$/m.exec(text) ?? [];
    const { expect = '' } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    if (!line?.includes(expect)) throw new Error(text);
    const seconds = (ms) => `${Math.round(ms / 1_000)} s`;
    console.log(`${name.padEnd(12)} ${line} (install ${seconds(installed - started)}, run ${seconds(performance.now() - installed)})`);
    return true;
  } catch (error) {
    console.error(`${name.padEnd(12)} FAILED\n${error.message}`);
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

try {
  const packed = await run(`npm pack --silent --ignore-scripts --pack-destination ${place}`, root);
  const tarball = join(place, packed.trim());
  const waiting = [...names];
  const results = [];
  // Two at a time: one installs while another builds.
  const worker = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) results.push(await integrate(name, tarball));
  };
  await Promise.all([worker(), worker()]);
  const passed = results.filter(Boolean).length;
  console.log(`${passed} passed, ${results.length - passed} failed`);
  process.exitCode = passed === names.length ? 0 : 1;
} finally {
  rmSync(place, { recursive: true, force: true });
}
