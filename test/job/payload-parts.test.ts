import fc from 'fast-check';
import { NotCloneableError } from 'threadmill';
import { expect, test } from 'vitest';
import { pack } from '../../dist/job/payload.js';
import { thrownBy } from '../helpers.js';

type Tree = string | Tree[] | { [key: string]: Tree };

/** Objects and lists in each other, with texts at their ends. */
const { tree } = fc.letrec<{ tree: Tree; leaf: string; list: Tree[]; object: { [key: string]: Tree } }>((tie) => ({
  tree: fc.oneof({ maxDepth: 4 }, tie('leaf'), tie('list'), tie('object')),
  leaf: fc.string({ maxLength: 5 }),
  list: fc.array(tie('tree'), { maxLength: 4, size: 'max' }),
  object: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), tie('tree'), { maxKeys: 4, size: 'max' }),
}));

/** The ways to the ends of a tree, as messages write them, and what puts something else there. */
function endsOf(parent: any, key: string | number, path: string): { path: string; put: (value: unknown) => void }[] {
  const value = parent[key];
  if (typeof value === 'string') {
    const put = (other: unknown) => {
      parent[key] = other;
    };
    return [{ path, put }];
  }
  if (Array.isArray(value)) return value.flatMap((_, index) => endsOf(value, index, `${path}[${index}]`));
  return Object.keys(value).flatMap((name) => endsOf(value, name, `${path}.${name}`));
}

test('what cannot be cloned is found wherever it stands, and counts the same wherever it can', () => {
  fc.assert(
    fc.property(tree, fc.nat(), (value, choice) => {
      const root = { value: structuredClone(value) as unknown };
      const ends = endsOf(root, 'value', 'input');
      const end = ends[choice % Math.max(1, ends.length)];
      fc.pre(end !== undefined);
      end.put('');
      const bytes = pack(root.value, 'input').bytes;
      end.put('x'.repeat(1_000));
      expect(pack(root.value, 'input').bytes).toBe(bytes + 1_000);
      end.put(Symbol('no'));
      const error = thrownBy(() => pack(root.value, 'input'));
      expect(error).toBeInstanceOf(NotCloneableError);
      expect(error.message).toContain(`${end.path} is a symbol`);
    }),
  );
});

const plain = fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.constant(null), fc.constant(undefined));

test('an object without objects in it counts what it counts beside some, with all that it holds', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), plain), (flat) => {
      const nested = (object: object) => pack([object], 'input').bytes - pack([], 'input').bytes;
      expect(pack(flat, 'input').bytes).toBe(nested(flat));
    }),
  );
  const one = { text: 'xyz', number: 1, yes: true, nothing: null, missing: undefined };
  const names = Object.keys(one).join('').length;
  expect(pack(one, 'input').bytes - pack({}, 'input').bytes).toBe(names + 'xyz'.length + 4 * 8);
});
