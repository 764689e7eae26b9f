import { isThenable } from '../../errors/thrown.js';
import type { JobDefinition } from '../../job/definition.js';
import type { HandlerContext } from './handler-context.js';
import { checkedOutput } from './output.js';

/** Who runs handlers: a thread, or a test in the thread it runs in. */
export interface Invoker {
  call(run: JobDefinition['run'], input: unknown, context: HandlerContext): unknown;
  /** The handler, or the check of its output, has to be awaited. */
  awaits(): void;
  /** Throws when the output is none that can be sent: then the attempt has failed. */
  completed(context: HandlerContext, output: unknown): void;
  failed(context: HandlerContext, error: unknown): void;
}

/** Runs the handler of a job, and says how it ended: at once where nothing has to be awaited, else before the promise resolves. */
export function invoke(definition: JobDefinition, input: unknown, context: HandlerContext, invoker: Invoker): Promise<void> | undefined {
  try {
    const output = invoker.call(definition.run, input, context);
    if (isThenable(output) || definition.output !== undefined) return settle(definition, output, context, invoker);
    invoker.completed(context, output);
  } catch (error) {
    invoker.failed(context, error);
  }
  return undefined;
}

async function settle(definition: JobDefinition, output: unknown, context: HandlerContext, invoker: Invoker): Promise<void> {
  invoker.awaits();
  try {
    const value = await output;
    invoker.completed(context, definition.output === undefined ? value : await checkedOutput(definition, value));
  } catch (error) {
    invoker.failed(context, error);
  }
}
