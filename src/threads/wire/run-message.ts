import type { Work } from '../runner.js';
import { packed } from './columns.js';
import type { Extras, KindMessage, Position, RunMessage } from './protocol.js';

export function kindMessage({ index, definition: { name, module, maxAttempts } }: Work['kind']): KindMessage {
  return { index, name, module, maxAttempts };
}

/** The message of a batch whose first job has this position. `known`: the kinds that the thread has been told of, and after this message will have been. */
export function runMessage(first: Position, works: readonly Work[], known: boolean[]): RunMessage {
  // First: a getter of an input may throw.
  const inputs = packed(columnOf(works, inputOf));
  return {
    type: 'run',
    kinds: newKinds(works, known),
    first,
    kind: kindsOf(works),
    keys: keysOf(works),
    inputs,
    maxAttempts: maxAttemptsOf(works),
    extras: someOf(works, extrasOf),
    carriers: someOf(works, carrierOf),
  };
}

const inputOf = ({ input }: Work) => input;
const keyOf = ({ key }: Work) => key;
const kindOf = ({ kind }: Work) => kind.index;
const carrierOf = ({ carrier }: Work) => carrier;
const ownMaxAttempts = ({ kind, maxAttempts }: Work) => (maxAttempts === kind.definition.maxAttempts ? undefined : maxAttempts);

/** One fact of all jobs. */
function columnOf<Fact>(works: readonly Work[], of: (work: Work) => Fact): Fact[] {
  const column: Fact[] = [];
  for (const work of works) column.push(of(work));
  return column;
}

/** The same, if any has it. */
function someOf<Fact>(works: readonly Work[], of: (work: Work) => Fact | undefined): (Fact | undefined)[] | undefined {
  for (const work of works) if (of(work) !== undefined) return columnOf(works, of);
  return undefined;
}

/** One number where it is the same of all, as of those that `run` has added. */
function maxAttemptsOf(works: readonly Work[]): RunMessage['maxAttempts'] {
  const first = ownMaxAttempts(works[0] as Work);
  for (const work of works) if (ownMaxAttempts(work) !== first) return columnOf(works, ownMaxAttempts);
  return first;
}

/** Executions allowed in total of the job at this place, where the definition's do not hold. */
export function maxAttemptsAt({ maxAttempts }: RunMessage, index: number): number | undefined {
  return typeof maxAttempts === 'object' ? maxAttempts[index] : maxAttempts;
}

function newKinds(works: readonly Work[], known: boolean[]): KindMessage[] | undefined {
  let kinds: KindMessage[] | undefined;
  for (const { kind } of works) {
    if (known[kind.index]) continue;
    known[kind.index] = true;
    kinds ??= [];
    kinds.push(kindMessage(kind));
  }
  return kinds;
}

function kindsOf(works: readonly Work[]): RunMessage['kind'] {
  const { index } = (works[0] as Work).kind;
  for (const { kind } of works) if (kind.index !== index) return columnOf(works, kindOf);
  return index;
}

function keysOf(works: readonly Work[]): RunMessage['keys'] {
  const { key: first } = works[0] as Work;
  if (typeof first !== 'number') return columnOf(works, keyOf);
  for (let at = 1; at < works.length; at++) if ((works[at] as Work).key !== first + at) return columnOf(works, keyOf);
  return first;
}

/** The kind of the job at this place of a batch. */
export function kindAt({ kind }: RunMessage, index: number): number {
  return typeof kind === 'number' ? kind : (kind[index] as number);
}

/** Its key. */
export function keyAt({ keys }: RunMessage, index: number): number | string {
  return typeof keys === 'number' ? keys + index : (keys[index] as number | string);
}

function extrasOf({ attempt, metadata, checkpoint }: Work): Extras | undefined {
  const plain = attempt === 1 && metadata === undefined && checkpoint === undefined;
  return plain ? undefined : { attempt, metadata, lastCheckpoint: checkpoint };
}

/** Whether what is sent of a job can be cloned. */
export function isCloneable(work: Work): boolean {
  try {
    structuredClone([work.input, work.metadata, work.checkpoint]);
    return true;
  } catch {
    return false;
  }
}
