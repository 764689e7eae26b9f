/**
 * Puts small faults into the build, one at a time, and runs the tests that reach them: a fault that no test notices is a promise that no
 * test holds. How it is run and read: test/README.md.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { instrument } from './instrument.mjs';

const root = resolve(import.meta.dirname, '../..');
const { values: options } = parseArgs({
  options: {
    folder: { type: 'string', multiple: true, default: [] },
    sample: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    known: { type: 'boolean', default: false },
    jobs: { type: 'string', default: '2' },
    slow: { type: 'boolean', default: false },
    mutant: { type: 'string', multiple: true, default: [] },
  },
});

const cache = join(root, '.build/mutation');
mkdirSync(cache, { recursive: true });
const place = mkdtempSync(join(tmpdir(), 'threadmill-mutation-'));
/** Process groups of what runs now. */
const running = new Set();
process.once('exit', () => {
  for (const group of running) killGroup(group);
  rmSync(place, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));

const project = copyTo(join(place, 'project'));
const build = hash(filesOf('dist').filter((file) => file.endsWith('js')));
const mutants = instrument(join(project, 'dist'));
const covering = await coverage();
const chosen =
  options.mutant.length > 0
    ? [...known(), ...mutants].filter(({ id }) => options.mutant.includes(String(id)))
    : options.known
      ? known()
      : sample();
const results = await all(chosen);
report(results);

/** The project, to break something in it. */
function copyTo(folder) {
  cpSync(root, folder, { recursive: true, filter: (path) => !['node_modules', '.git', '.build'].includes(basename(path)) });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'dir');
  return folder;
}

/** A copy without mutants, for faults that are given as text: one for each of those who work. */
function plainProject(number) {
  const folder = join(place, `plain-${number}`);
  return existsSync(folder) ? folder : copyTo(folder);
}

/** Runs test files of one project (quick, slow) of vitest in the instrumented copy. Gives the exit code, or `undefined` when it took too long. */
function vitest(files, env, limit, where = project) {
  const args = [
    join(where, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--config',
    'test/mutation/vitest.config.mjs',
    '--root',
    '.',
    '--project',
    isSlow(files[0]) ? 'slow' : 'quick',
    ...(env.MUTATION_COVER === undefined ? ['--bail', '1'] : []),
    ...files,
  ];
  return new Promise((done) => {
    const child = spawn(process.execPath, args, {
      cwd: where,
      env: { ...process.env, CI: '', MUTATION_ORDER: JSON.stringify(files), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output = (output + text).slice(-20_000)));
    running.add(child.pid);
    const timer = setTimeout(() => {
      output = undefined;
      killGroup(child.pid);
    }, limit);
    child.once('exit', (code) => {
      clearTimeout(timer);
      // What it may have left behind.
      killGroup(child.pid);
      running.delete(child.pid);
      done({ code: output === undefined ? undefined : code, output });
    });
  });
}

function killGroup(group) {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {}
}

/** For every test file: how long it takes, what it reaches when it loads, and what each of its tests reaches. */
async function coverage() {
  const files = readdirSync(join(root, 'test'), { recursive: true })
    .filter((file) => file.endsWith('.test.ts') && !/^(docs|imports|types\/|integrations\/|package\/|compared\/)/.test(file))
    .map((file) => join('test', file));
  const found = [];
  await inParallel(files, async (file) => {
    const kept = join(cache, `${hash(withImports(file), build)}.json`);
    if (!existsSync(kept)) {
      const cover = join(place, `cover-${found.length}-${basename(file)}`);
      const started = performance.now();
      const { code, output } = await vitest([file], { MUTATION_COVER: cover }, 600_000);
      if (!existsSync(cover)) throw new Error(`${file} does not run:\n${output}`);
      if (code !== 0) console.error(`${file} fails without a fault; what fails is left out`);
      writeFileSync(kept, JSON.stringify({ took: performance.now() - started, ...readCover(readFileSync(cover, 'utf8')) }));
    }
    const { took, tests, shared: always } = JSON.parse(readFileSync(kept, 'utf8'));
    found.push({ file, took, always: new Set(always), tests: tests.map(({ name, groups }) => ({ name, groups: new Set(groups) })) });
  });
  return found.sort((a, b) => a.took - b.took);
}

function readCover(text) {
  const shared = new Set();
  const tests = [];
  let groups = new Set();
  let inside = false;
  for (const line of text.split('\n')) {
    if (line === '+') {
      inside = true;
      groups = new Set();
    } else if (line.startsWith('= ')) {
      tests.push({ name: JSON.parse(line.slice(2)), groups: [...groups] });
      inside = false;
    } else if (line === '!') inside = false;
    else if (line !== '') (inside ? groups : shared).add(Number(line));
  }
  return { tests, shared: [...shared] };
}

/**
 * The tests that reach a mutant, those of its own folder first. What is reached when a module loads counts for the tests that reach anything
 * else of that module: those that reach it themselves are such as start a process.
 */
function testsOf({ group, file }) {
  const onLoad = covering.some(({ always }) => always.has(group));
  const counting = onLoad ? mutants.filter((one) => one.file === file).map((one) => one.group) : [group];
  const own = (test) => (dirname(test) === join('test', dirname(file)) ? 0 : 1);
  return reaching((groups) => counting.some((one) => groups.has(one))).toSorted((a, b) => own(a.file) - own(b.file));
}

/** Quick tests before slow ones; slow ones where no quick one reaches the fault, or where they are asked for. */
function stagesOf(reached) {
  const [quick, slow] = [reached.filter(({ file }) => !isSlow(file)), reached.filter(({ file }) => isSlow(file))];
  return [quick, ...(options.slow || quick.length === 0 ? [slow] : [])].filter((stage) => stage.length > 0);
}

function isSlow(file) {
  return file.endsWith('.slow.test.ts');
}

function reaching(matches) {
  return covering
    .map(({ file, took, tests }) => ({
      file,
      took: (took * tests.filter(({ groups }) => matches(groups)).length) / tests.length,
      names: tests.filter(({ groups }) => matches(groups)).map(({ name }) => name),
    }))
    .filter(({ names }) => names.length > 0)
    .sort((a, b) => a.took - b.took);
}

async function all(list) {
  const done = [];
  await inParallel(list, async (mutant, worker) => {
    const where = mutant.text === undefined ? project : plainProject(worker);
    const reached = mutant.tests ?? testsOf(mutant);
    const stages = stagesOf(reached);
    const result = { ...mutant, tests: stages.flat().flatMap(({ names }) => names).length };
    if (reached.length === 0) result.end = mutant.gone ? 'does not apply any more' : 'no test reaches it';
    for (const stage of stages) {
      Object.assign(result, await tryOut(mutant, stage, where));
      if (result.end !== 'survived') break;
    }
    done.push(result);
    process.stderr.write(
      `${done.length}/${list.length} ${result.end.padEnd(10)} ${result.file}:${result.line} ${oneLine(result.code)} → ${oneLine(result.instead)}\n`,
    );
  });
  return done;
}

/** How the tests end with a mutant. */
async function tryOut({ id, file, text }, reached, where) {
  const names = join(place, `tests-${id}-${isSlow(reached[0].file)}.json`);
  writeFileSync(names, JSON.stringify(reached.flatMap((one) => one.names)));
  const limit = 30_000 + 6 * reached.reduce((sum, { took }) => sum + took, 0);
  const broken = join(where, 'dist', file);
  if (text !== undefined) writeFileSync(broken, text);
  const { code, output } = await vitest(
    reached.map((one) => one.file),
    { MUTANT: String(id), MUTATION_TESTS: names },
    limit,
    where,
  );
  if (text !== undefined) cpSync(join(root, 'dist', file), broken);
  if (code === 0) return { end: 'survived' };
  return { end: code === undefined ? 'killed: takes too long' : 'killed', by: /FAIL.*?> (.*)/.exec(output ?? '')?.[1] };
}

function sample() {
  const folders = options.folder;
  const fits = mutants.filter(({ file }) => folders.length === 0 || folders.includes(folderOf(file)) || folders.includes(file));
  const random = generator(Number(options.seed));
  return fits
    .map((mutant) => ({ mutant, order: random() }))
    .sort((a, b) => a.order - b.order)
    .slice(0, Number(options.sample))
    .map(({ mutant }) => mutant);
}

function report(list) {
  writeFileSync(join(cache, 'last.json'), JSON.stringify(list, null, 1));
  const folders = new Map();
  for (const result of list.filter(({ end }) => end !== 'does not apply any more')) {
    for (const name of [folderOf(result.file), 'all']) {
      const score = folders.get(name) ?? { killed: 0, all: 0 };
      score.all++;
      if (result.end.startsWith('killed')) score.killed++;
      folders.set(name, score);
    }
  }
  console.log(`\nnot noticed (seed ${options.seed}, ${list.length} of ${mutants.length} faults):`);
  for (const { end, file, line, code, instead, tests, id } of list.filter((one) => !one.end.startsWith('killed'))) {
    console.log(
      `${file}:${line}  ${oneLine(code)}  →  ${oneLine(instead)}   (${end}${end === 'survived' ? ` ${tests} tests` : ''}; --mutant ${id})`,
    );
  }
  console.log('');
  for (const [name, { killed, all }] of [...folders].sort())
    console.log(`${name.padEnd(12)} ${String(killed).padStart(4)} of ${String(all).padStart(4)}  ${Math.round((100 * killed) / all)} %`);
}

/** Faults that were once not noticed, as text: of the build, where the text is still there. */
function known() {
  const files = [...new Set(mutants.map(({ file }) => file))];
  const sourceOf = (file) => (existsSync(join(root, 'dist', file)) ? readFileSync(join(root, 'dist', file), 'utf8') : '');
  return JSON.parse(readFileSync(join(import.meta.dirname, 'known.json'), 'utf8')).map(({ file: expected, code, instead, seen }, id) => {
    const pattern = new RegExp(code.split(/\s+/).map(escapeText).join('\\s*'));
    // It may have moved.
    const file = [expected, ...files].find((one) => pattern.test(sourceOf(one))) ?? expected;
    const mutant = { id: `known-${id}`, file, line: 0, code, instead, seen };
    const source = sourceOf(file);
    const found = pattern.exec(source);
    if (found === null) return { ...mutant, gone: true, tests: [] };
    const lineAt = (index) => source.slice(0, index).split('\n').length;
    const [line, end] = [lineAt(found.index), lineAt(found.index + found[0].length)];
    const groups = mutants.filter((one) => one.file === file && one.line <= end && one.end >= line).map(({ group }) => group);
    const direct = reaching((reached) => groups.some((group) => reached.has(group)));
    const text = source.slice(0, found.index) + instead + source.slice(found.index + found[0].length);
    return { ...mutant, line, text, tests: direct.length > 0 ? direct : testsOf({ group: groups[0] ?? -1, file }) };
  });
}

function escapeText(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function folderOf(file) {
  return file.includes('/') ? `${file.slice(0, file.indexOf('/'))}/` : 'loose';
}

function filesOf(folder) {
  return readdirSync(join(project, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(project, join(entry.parentPath ?? entry.path, entry.name)))
    .sort();
}

/** A test file, and what it imports of the tests; paths from the root of the project. */
function withImports(file, found = new Set()) {
  if (found.has(file) || !file.startsWith('test/') || !existsSync(join(project, file))) return found;
  found.add(file);
  for (const [, from] of readFileSync(join(project, file), 'utf8').matchAll(/from '(\.[^']+)'/g)) {
    const path = join(dirname(file), from);
    withImports(existsSync(join(project, path)) ? path : path.replace(/js$/, 'ts'), found);
  }
  return found;
}

/** Of files of the copy: what is changed while this runs is not what is run. */
function hash(files, start = '') {
  const sum = createHash('sha256').update(start);
  for (const file of files) sum.update(join(root, file)).update(readFileSync(join(project, file)));
  return sum.digest('hex').slice(0, 20);
}

async function inParallel(list, act) {
  const left = [...list];
  const worker = async (_, number) => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) await act(one, number);
  };
  await Promise.all(Array.from({ length: Number(options.jobs) }, worker));
}

function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function oneLine(code) {
  const line = code.replace(/\s+/g, ' ');
  return line.length > 90 ? `${line.slice(0, 87)}…` : line;
}
