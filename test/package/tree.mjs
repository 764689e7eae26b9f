// What is installed with the package: prints its size, and fails beyond bounds; licences, with their texts; links between its pages.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** In KiB: what is packed, unpacked, and installed with all it depends on. To raise one is a decision. */
const BOUNDS = { packed: 1_200, unpacked: 4_000, tree: 13_000 };
const LICENCES = ['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'BlueOak-1.0.0'];

const faults = [];
const filesOf = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
const bytes = (files) => files.reduce((sum, file) => sum + statSync(file).size, 0);

const own = 'node_modules/threadmill';
const sizes = { packed: statSync(process.argv[2]).size, unpacked: bytes(filesOf(own)), tree: bytes(filesOf('node_modules')) };
for (const [what, size] of Object.entries(sizes)) {
  console.log(`${what}: ${Math.round(size / 1024)} KiB of ${BOUNDS[what]}`);
  if (size > BOUNDS[what] * 1024) faults.push(`${what} is larger than ${BOUNDS[what]} KiB`);
}

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
let count = 0;
for (const path of Object.keys(packages).filter((path) => path !== '' && existsSync(path))) {
  const { license, os } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
  count++;
  if (!LICENCES.includes(license)) faults.push(`${path}: licence ${license}`);
  // What is built for one system has its text in the package that chooses it.
  if (os === undefined && !readdirSync(path).some((file) => /^(licen[cs]e|copying)/i.test(file)))
    faults.push(`${path} has no text of its licence`);
}
console.log(`${count} packages with their licences`);

for (const page of filesOf(own).filter((file) => file.endsWith('.md') && !file.includes('/node_modules/threadmill/node_modules/'))) {
  for (const [, link] of readFileSync(page, 'utf8').matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)) {
    if (!existsSync(join(dirname(page), link))) faults.push(`${page}: ${link} is not in the package`);
  }
}

for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;
