// The end of what the demo printed, as a picture: npm run demo | node .build/examples/markdown/picture.js > examples/markdown/demo.svg
import { readFileSync } from 'node:fs';

/** What is shown: how the jobs ended. The times before it are of one machine. */
const FROM = 'the queue\n';
const [WIDTH, LINE, CHARACTER] = [920, 18, 7.8];

const text = readFileSync(0, 'utf8').replaceAll(process.cwd(), '…');
const from = text.indexOf(FROM);
if (from < 0) throw new Error('this is not what the demo prints');
const columns = Math.floor((WIDTH - 40) / CHARACTER);
const [shown = ''] = text.slice(from).split('\n\nWhat you saw');
const lines = ['$ npm run demo', '…', ...shown.trimEnd().split('\n')].flatMap((line) => wrapped(line));
const height = lines.length * LINE + 40;

console.log(`<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}">
<title>The end of what npm run demo prints</title>
<rect width="100%" height="100%" rx="8" fill="#0f172a"/>
<g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="13" fill="#e2e8f0">
${lines.map((line, at) => `<text x="20" y="${(at + 1) * LINE + 16}"${colour(line)}>${escaped(line)}</text>`).join('\n')}
</g>
</svg>`);

function wrapped(line: string): string[] {
  return line.length <= columns ? [line] : [line.slice(0, columns), ...wrapped(`    ${line.slice(columns)}`)];
}

function colour(line: string): string {
  if (/timed.out|failed,/.test(line) && !line.startsWith('jobs')) return ' fill="#fca5a5"';
  return /^(\$|Replayed|Every)/.test(line) ? ' fill="#86efac"' : '';
}

function escaped(line: string): string {
  return line.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll(' ', '\u00a0');
}
