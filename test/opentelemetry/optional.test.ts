import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const dataUrl = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;

/** As where it is not installed. */
const HOOKS = `export function resolve(specifier, context, next) {
  if (specifier.startsWith('@opentelemetry/')) throw Object.assign(new Error('not installed: ' + specifier), { code: 'ERR_MODULE_NOT_FOUND' });
  return next(specifier, context);
}`;
const REGISTER = dataUrl(`import { register } from 'node:module'; register(${JSON.stringify(dataUrl(HOOKS))});`);

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', REGISTER, ...args], {
    encoding: 'utf8',
    cwd: import.meta.dirname,
  });
  return { status, stdout: stdout.trim(), stderr };
}

test('where OpenTelemetry is not installed all but threadmill/opentelemetry works, in threads too', () => {
  const program = fileURLToPath(new URL('fixtures/without.js', import.meta.url));
  expect(run(program)).toEqual({ status: 0, stdout: 'fine', stderr: '' });
});

test('threadmill/opentelemetry says what is missing', () => {
  const program = ['--input-type=module', '--eval', "import 'threadmill/opentelemetry';"];
  expect(run(...program)).toMatchObject({ status: 1, stderr: expect.stringContaining('@opentelemetry/api') });
});
