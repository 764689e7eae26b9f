import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { guides, root, run, tsc } from './docs.js';

beforeAll(() => expect(run(process.execPath, [tsc, '-p', 'examples'], root)).toEqual({ status: 0, text: '' }));

// The demo has a command of its own; what is tried elsewhere has no program here.
it.each(guides.filter((name) => name !== 'markdown' && existsSync(join(root, 'examples', name, 'main.ts'))))(
  'the guides have examples that run: %s',
  (name) => {
    const { status, text } = run(process.execPath, ['--enable-source-maps', `.build/examples/${name}/main.js`], root);
    expect(status, text).toBe(0);
  },
);
