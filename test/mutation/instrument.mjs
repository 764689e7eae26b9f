import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parse } from 'acorn';
import { faultsOf } from './operators.mjs';

/**
 * Which mutant is active comes from the environment, which threads and child processes inherit. What is reached is written to a file, the
 * first time in each thread and each test: threads are killed, so nothing can be written at their end.
 */
const RUNTIME = `import { openSync, writeSync } from 'node:fs';
export const $A = Number(process.env.MUTANT ?? -1);
const file = process.env.MUTATION_COVER;
const fd = file === undefined ? undefined : openSync(file, 'a');
export const $C = new Uint8Array(100_000);
if (fd === undefined) $C.fill(1);
export function $N(group) {
  $C[group] = 1;
  writeSync(fd, group + '\\n');
}
// The tests say where one begins and ends.
if (fd !== undefined) {
  globalThis[Symbol.for('threadmill.mutation')] = (mark) => {
    $C.fill(0);
    writeSync(fd, mark + '\\n');
  };
}
`;

/** Writes all mutants into the built files of a folder. Gives them: `{ id, group, file, line, what, code, instead }`. */
export function instrument(dist) {
  const mutants = [];
  const files = readdirSync(dist, { recursive: true })
    .filter((file) => file.endsWith('.js') && !file.endsWith('.d.ts'))
    .sort();
  for (const file of files) {
    const path = join(dist, file);
    const source = readFileSync(path, 'utf8');
    const code = rewrite(source, file, mutants);
    const from = relative(dirname(path), join(dist, 'mutation-runtime.mjs'));
    const line = `import { $A, $C, $N } from '${from.startsWith('.') ? from : `./${from}`}'; `;
    const end = code.startsWith('#!') ? code.indexOf('\n') + 1 : 0;
    writeFileSync(path, code.slice(0, end) + line + code.slice(end));
  }
  writeFileSync(join(dist, 'mutation-runtime.mjs'), RUNTIME);
  return mutants;
}

function rewrite(source, file, mutants) {
  const tree = parse(source, { ecmaVersion: 'latest', sourceType: 'module', locations: true });
  const text = (node) => source.slice(node.start, node.end);

  /** The source of a node with the mutants of all that is in it. */
  function write(node, parent, key) {
    const inner = stitch(node);
    const faults = mayChange(node, parent, key) ? faultsOf(node, parent, key, text) : [];
    if (faults.length === 0) return inner;
    const group = mutants.length;
    let chain = `($C[${group}] || $N(${group}), ${inner})`;
    for (const [index, { code }] of [...faults.entries()].reverse()) chain = `$A === ${group + index} ? (${code}) : ${chain}`;
    for (const { what, code } of faults) {
      mutants.push({
        id: mutants.length,
        group,
        file,
        line: node.loc.start.line,
        end: node.loc.end.line,
        what,
        code: text(node),
        instead: code,
      });
    }
    return `(${chain})`;
  }

  function stitch(node) {
    const children = [];
    for (const [key, value] of Object.entries(node)) {
      for (const child of Array.isArray(value) ? value : [value]) {
        if (child && typeof child.type === 'string' && typeof child.start === 'number') children.push([child, key]);
      }
    }
    // A shorthand property is one piece of text.
    if (node.type === 'Property' && node.shorthand) return text(node);
    children.sort(([a], [b]) => a.start - b.start);
    let at = node.start;
    let code = '';
    for (const [child, key] of children) {
      if (child.start < at) continue;
      code += source.slice(at, child.start) + write(child, node, key);
      at = child.end;
    }
    return code + source.slice(at, node.end);
  }

  return source.slice(0, tree.start) + stitch(tree) + source.slice(tree.end);
}

/** Whether an expression may stand in parentheses where this one stands. */
function mayChange(node, parent, key) {
  if (parent === undefined || parent === null) return false;
  if (/^(Property|PropertyDefinition|MethodDefinition)$/.test(parent.type) && key === 'key') return false;
  if (/^(Import|Export)/.test(parent.type) || parent.type === 'TaggedTemplateExpression') return false;
  if (parent.type === 'ExpressionStatement' && node.type === 'Literal') return false;
  if (parent.type === 'ChainExpression' && parent.expression === node) return false;
  if (/^(Call|New)Expression$/.test(parent.type) && key === 'callee') return false;
  // Inside an optional chain a parenthesis ends what is skipped.
  if (
    /^(MemberExpression|CallExpression)$/.test(parent.type) &&
    (key === 'object' || key === 'callee') &&
    node.type !== 'Literal' &&
    node.type !== 'LogicalExpression'
  ) {
    return node.type === 'CallExpression' ? !inChain(node) : false;
  }
  return !/^(AssignmentPattern|AssignmentExpression|ForOfStatement|ForInStatement|UpdateExpression)\.(left)$/.test(`${parent.type}.${key}`);
}

function inChain(node) {
  for (let one = node; one; one = one.object ?? one.callee) if (one.optional) return true;
  return false;
}
