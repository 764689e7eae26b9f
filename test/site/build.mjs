// The site of `npm run docs`, in .build/site/dist: README, guides with their sources, benchmark, and the reference from the docstrings. Fails on an
// exported name that says nothing of itself, and on a dead link.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join, relative } from 'node:path';

const root = join(import.meta.dirname, '../..');
const site = join(root, '.build/site');
const pages = join(site, 'pages');
const read = (file) => readFileSync(join(root, file), 'utf8');
const run = (command, ...args) => execFileSync(join(site, 'node_modules/.bin', command), args, { cwd: site, stdio: 'inherit' });

mkdirSync(site, { recursive: true });
const tools = read('test/site/package.json');
const installed = join(site, 'package.json');
if (!existsSync(join(site, 'node_modules')) || readFileSync(installed, 'utf8') !== tools) {
  writeFileSync(installed, tools);
  execFileSync('npm', ['install', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: site, stdio: 'inherit' });
}
rmSync(pages, { recursive: true, force: true });
mkdirSync(join(pages, '.vitepress'), { recursive: true });

/** What the package exports, and the source of each. */
const exported = Object.entries(JSON.parse(read('package.json')).exports).filter(([, to]) => to.types !== undefined);
const sourcesOf = exported.map(([, { types }]) => types.replace('./dist/', 'src/').replace(/\.d\.ts$/, '.ts'));
const entries = sourcesOf.flatMap((file) => ['--entryPoints', join(root, file)]);
const { status, stdout, stderr } = spawnSync(
  join(site, 'node_modules/.bin/typedoc'),
  ['--options', join(root, 'test/site/typedoc.json'), ...entries],
  { encoding: 'utf8' },
);
if (status !== 0) throw new Error(`${stdout}${stderr}`);
// Members may be told by their names and types; what is exported may not, nor may a link lead nowhere.
const faults = `${stdout}${stderr}`
  .split('\n')
  .filter((line) => /[\s\]][\w-]+\.\w+ \(\w+\), .*does not have any documentation|Failed to resolve link/.test(line));
if (faults.length > 0) throw new Error(faults.join('\n'));
const members = [
  memberPage('close', 'index/classes/JobQueue.md', 'close()'),
  memberPage('restore', 'index/classes/JobQueue.md', 'restore()'),
  memberPage('stats', 'index/classes/JobQueue.md', 'stats()'),
  memberPage('replay', 'index/interfaces/DeadLetters.md', 'replay()'),
];
write('reference/members/events.md', eventsPage());

const topics = readdirSync(join(root, 'examples'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
const guides = topics.map(({ name }) => `examples/${name}/README.md`);
const texts = [
  'README.md',
  'bench/README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  '.github/SECURITY.md',
  'src/README.md',
  'test/README.md',
  ...guides,
];
/** Where a text of the repository stands on the site. */
const placeOf = (file) => file.replace('.github/', '').replace(/README\.md$/, 'index.md');
const sources = new Set();
for (const text of texts) write(placeOf(text), linked(read(text), text));
for (const source of sources) writeSource(source);
writeFileSync(join(pages, '.vitepress/config.mjs'), `export default ${JSON.stringify(config(), null, 2)};\n`);
run('vitepress', 'build', pages, '--outDir', join(site, 'dist'));

function write(place, text) {
  mkdirSync(dirname(join(pages, place)), { recursive: true });
  writeFileSync(join(pages, place), text);
}

/** A text with its links as they are on the site: to pages, to pages that show a source, and to pictures, which come along. */
function linked(text, file) {
  return text.replace(/(!?)\[([^\]]*)\]\((?!https?:|#)([^)#\s]+)(#[^)]*)?\)/g, (_, picture, label, link, anchor = '') => {
    const target = join(dirname(file), link);
    if (texts.includes(target)) return `${picture}[${label}](${to(file, placeOf(target))}${anchor})`;
    if (picture || ['.svg', '.png'].includes(extname(target))) {
      cpSync(join(root, target), join(pages, target));
      return `${picture}[${label}](${to(file, target)})`;
    }
    sources.add(target);
    return `[${label}](${to(file, `${target}.md`)})`;
  });
}

function to(from, place) {
  const path = relative(dirname(placeOf(from)), place);
  return path.startsWith('.') ? path : `./${path}`;
}

function writeSource(file) {
  const language = extname(file).slice(1) || 'sh';
  write(`${file}.md`, `# ${basename(file)}\n\n\`\`\`\`${language}\n${read(file)}\n\`\`\`\`\n`);
}

/** A member of a class, on a page of its own; what follows it of the same level is not of it. */
function memberPage(name, file, heading) {
  const text = readFileSync(join(pages, 'reference', file), 'utf8');
  const escaped = heading.replace(/[()]/g, '\\$&');
  const [, body] = new RegExp(`^### ${escaped}\\n([\\s\\S]*?)(?=^#{2,3} |^\\*\\*\\*$|(?![\\s\\S]))`, 'm').exec(text) ?? [];
  if (body === undefined) throw new Error(`no ${heading} in ${file}`);
  const moved = body.replace(/\]\((?!https?:|#)([^)]+)\)/g, (_, link) => `](${relative('members', join(dirname(file), link))})`);
  write(`reference/members/${name}.md`, `# ${heading}\n\n${moved.replace(/\]\(#([^)]+)\)/g, `](../${file}#$1)`)}`);
  return { text: heading, link: `/reference/members/${name}` };
}

/** From the one list of events. Its types say no more than `typeof EVENTS`. */
function eventsPage() {
  const list = read('src/events.ts').split('export const EVENTS = {')[1].split('\n};')[0];
  const events = [...list.matchAll(/\/\*\* (.*?) \*\/\s+'?([\w-]+)'?: told<\[(.*?)\]>/g)];
  if (events.length !== list.split('told<').length - 1) throw new Error('src/events.ts is written in another way than this reads');
  const rows = events.map(([, text, name, args]) => `| \`${name}\` | \`(${args})\` | ${text} |`);
  return `# Events\n\n\`queue.on(name, listener)\`. Listeners are told one event at a time, when what they are told of is complete.\n\n| event | listener | |\n|---|---|---|\n${rows.join('\n')}\n`;
}

function titleOf(file) {
  return /^# (.*)$/m.exec(read(file))?.[1].replaceAll('`', '') ?? file;
}

function config() {
  const page = (text, link) => ({ text, link });
  const reference = exported
    .map(([path]) => path.slice(2))
    .filter((name) => name !== '')
    .map((name) => page(`threadmill/${name}`, `/reference/${name}/`));
  return {
    title: 'threadmill',
    description: JSON.parse(read('package.json')).description,
    cleanUrls: true,
    themeConfig: {
      search: { provider: 'local' },
      outline: [2, 3],
      nav: [
        page('Guides', '/examples/cli/'),
        page('Reference', '/reference/'),
        page('Benchmark', '/bench/'),
        page('Changes', '/CHANGELOG'),
      ],
      sidebar: [
        {
          text: 'threadmill',
          items: [page('Start here', '/'), page('Benchmark', '/bench/'), page('Security', '/SECURITY'), page('Inside', '/src/')],
        },
        { text: 'Guides', items: guides.map((file) => page(titleOf(file), `/${dirname(file)}/`)) },
        {
          text: 'Reference',
          items: [
            page('JobQueue', '/reference/index/classes/JobQueue'),
            page('Job', '/reference/index/classes/Job'),
            page('Events', '/reference/members/events'),
            ...members,
            page('threadmill', '/reference/index/'),
            ...reference,
          ],
        },
      ],
    },
  };
}
