import type { Work } from '../runner.js';
import type { Extras, KindMessage, Position, RunMessage } from './protocol.js';

export function kindMessage({ index, definition: { name, module, maxAttempts } }: Work['kind']): KindMessage {
  return { index, name, module, maxAttempts };
}

/** The message of a batch whose first job has this position. `known`: the kinds that the thread has been told of, and after this message will have been. */
export function runMessage(first: Position, works: readonly Work[], known: boolean[]): RunMessage {
  const message: RunMessage = {
    type: 'run',
    kinds: undefined,
    first,
    kind: kindsOf(works),
    keys: keysOf(works),
    inputs: [],
    maxAttempts: undefined,
    extras: undefined,
    carriers: undefined,
  };
  for (const work of works) {
    const { input, kind, carrier, maxAttempts } = work;
    if (!known[kind.index]) {
      message.kinds ??= [];
      message.kinds.push(kindMessage(kind));
      known[kind.index] = true;
    }
    const own = maxAttempts === kind.definition.maxAttempts ? undefined : maxAttempts;
    if (own !== undefined) message.maxAttempts ??= message.inputs.map(() => undefined);
    message.maxAttempts?.push(own);
    const extras = extrasOf(work);
    if (extras !== undefined) message.extras ??= message.inputs.map(() => undefined);
    message.extras?.push(extras);
    if (carrier !== undefined) message.carriers ??= message.inputs.map(() => undefined);
    message.carriers?.push(carrier);
    message.inputs.push(input);
  }
  return message;
}

function kindsOf(works: readonly Work[]): RunMessage['kind'] {
  const { index } = (works[0] as Work).kind;
  for (const { kind } of works) if (kind.index !== index) return works.map((work) => work.kind.index);
  return index;
}

function keysOf(works: readonly Work[]): RunMessage['keys'] {
  const { key: first } = works[0] as Work;
  if (typeof first !== 'number') return works.map(({ key }) => key);
  for (let at = 1; at < works.length; at++) if ((works[at] as Work).key !== first + at) return works.map(({ key }) => key);
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
