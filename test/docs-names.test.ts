import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as threadmill from 'threadmill';
import { describe, expect, it } from 'vitest';
import { guides, root, run } from './docs.js';

const readme = readFileSync(join(root, 'README.md'), 'utf8');
const texts = [
  'README.md',
  'CONTRIBUTING.md',
  '.github/SECURITY.md',
  'bench/README.md',
  ...guides.map((name) => `examples/${name}/README.md`),
];

/** The names that the rows of a section's table begin with. */
function rowsOf(section: string): string[] {
  const text = readme.split(`## ${section}\n`)[1]?.split('\n## ')[0] ?? '';
  return [...text.matchAll(/^\| (`[^|]*`) \|/gm)].flatMap(([, cell]) =>
    [...(cell as string).matchAll(/`(\w+)`/g)].map(([, name]) => name as string),
  );
}

/** The members of an interface in our source. */
function membersOf(file: string, name: string): string[] {
  const text = readFileSync(join(root, 'src', file), 'utf8');
  const body = text.split(new RegExp(`export interface ${name}(?:<[^{]*>)? \\{\\n`))[1]?.split('\n}\n')[0] ?? '';
  return [...body.matchAll(/^ {2}(\w+)\??:/gm)].map(([, member]) => member as string);
}

describe('what the README names is what there is', () => {
  it('options of a definition', () => {
    expect(rowsOf('Options of a definition').sort()).toEqual(
      [
        ...membersOf('job/definition.ts', 'JobOptions'),
        ...membersOf('job/definition.ts', 'SharedResource'),
        'input',
        'output',
        'run',
      ].sort(),
    );
  });

  it('options of a queue', () => {
    expect(rowsOf('Options of a queue').sort()).toEqual(membersOf('queue-options.ts', 'QueueOptions').sort());
  });

  it('options of add', () => {
    const [text] = /^`timeout`[\s\S]*? can be given to `add` too[\s\S]*?\.$/m.exec(readme) ?? [''];
    const named = [...text.matchAll(/`(\w+)`/g)].map(([, name]) => name as string).filter((name) => name !== 'add');
    expect(named.sort()).toEqual(membersOf('job/add-options.ts', 'AddOptions').sort());
  });

  it('errors', () => {
    const errors = Object.keys(threadmill).filter((name) => name.endsWith('Error') && name !== 'ThreadmillError');
    expect(rowsOf('Errors').sort()).toEqual(errors.sort());
  });
});

describe('commands are shown with options that they have', () => {
  const helpOf = (command: string) => run(process.execPath, [join(root, 'dist/cli/main.js'), command, '--help'], root).text;
  const known = Object.fromEntries(['bench', 'run'].map((command) => [command, new Set(helpOf(command).match(/--[a-z-]+/g))]));

  it.each(texts)('in %s', (name) => {
    const text = readFileSync(join(root, name), 'utf8').replaceAll('\\\n', ' ');
    for (const [line, command, rest] of text.matchAll(/threadmill (bench|run)\b([^`\n]*)/g)) {
      for (const [option] of (rest as string).matchAll(/--[a-z-]+/g)) expect([...(known[command as string] ?? [])], line).toContain(option);
    }
  });

  it('by scripts that package.json has', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
    for (const name of texts) {
      for (const [, script] of readFileSync(join(root, name), 'utf8').matchAll(/npm run ([\w:-]+)/g))
        expect(scripts, name).toHaveProperty([script as string]);
    }
  });
});

it('links lead to files that are there', () => {
  for (const name of texts) {
    for (const [, link] of readFileSync(join(root, name), 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
      const path = join(root, name, '..', link as string);
      expect(readdirSync(join(path, '..')), `${name}: ${link}`).toContain(path.split('/').at(-1));
    }
  }
});
