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
    kind: [],
    keys: [],
    inputs: [],
    extras: undefined,
    carriers: undefined,
  };
  for (const work of works) {
    const { key, input, kind, carrier } = work;
    if (!known[kind.index]) {
      message.kinds ??= [];
      message.kinds.push(kindMessage(kind));
      known[kind.index] = true;
    }
    const extras = extrasOf(work);
    if (extras !== undefined) message.extras ??= message.keys.map(() => undefined);
    message.extras?.push(extras);
    if (carrier !== undefined) message.carriers ??= message.keys.map(() => undefined);
    message.carriers?.push(carrier);
    message.kind.push(kind.index);
    message.keys.push(key);
    message.inputs.push(input);
  }
  return message;
}

function extrasOf({ attempt, maxAttempts, metadata, checkpoint, kind }: Work): Extras | undefined {
  const plain = attempt === 1 && maxAttempts === kind.definition.maxAttempts && metadata === undefined && checkpoint === undefined;
  return plain ? undefined : { attempt, maxAttempts, metadata, lastCheckpoint: checkpoint };
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
