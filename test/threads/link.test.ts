import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { link } from '../../dist/threads/inside/link.js';
import { importCompiled } from '../../dist/threads/inside/typescript.js';
import { moduleOf } from '../helpers.js';

const marks = globalThis as { evaluated?: string[] };

// From Node.js 22 on nothing is gained by it.
test.skipIf(Number.parseInt(process.versions.node, 10) >= 22)(
  'a module that is linked is read with all it imports, and evaluated when it is imported',
  async () => {
    marks.evaluated = [];
    const folder = mkdtempSync(join(tmpdir(), 'threadmill-link-'));
    writeFileSync(join(folder, 'inner.mjs'), 'globalThis.evaluated.push("inner")');
    writeFileSync(join(folder, 'outer.mjs'), 'import "./inner.mjs"; globalThis.evaluated.push("outer"); export const one = 1');
    const outer = pathToFileURL(join(folder, 'outer.mjs')).href;
    await link(outer);
    expect(marks.evaluated).toEqual([]);
    writeFileSync(join(folder, 'inner.mjs'), 'globalThis.evaluated.push("read again")');
    // As Node.js imports, and not the runner of the tests.
    expect(await importCompiled(outer)).toMatchObject({ one: 1 });
    rmSync(folder, { recursive: true });
    expect(marks.evaluated).toEqual(['inner', 'outer']);
    delete marks.evaluated;
  },
);

test('what is wrong with a module is said by its import', async () => {
  const missing = moduleOf('import "file:///no-such-folder/no-such-file.js"');
  await link(missing);
  await expect(importCompiled(missing)).rejects.toMatchObject({ code: 'ERR_MODULE_NOT_FOUND' });
});
