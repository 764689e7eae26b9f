import { z } from 'zod';
import type { JobDefinition } from '../index.js';

/** The JSON schema that the page makes its form from: of the one definition, or any of several, and then the form starts empty. */
export function formOf(definitions: readonly JobDefinition[]): Record<string, unknown> | undefined {
  const forms = definitions.map((definition) => ({ title: definition.name, ...inputForm(definition) }));
  return forms.length > 1 ? { default: {}, anyOf: forms } : forms[0];
}

/** What a definition's input looks like; nothing is known of it where its validator cannot say. */
function inputForm({ input }: JobDefinition): Record<string, unknown> {
  try {
    if ('_zod' in input) return z.toJSONSchema(input as never, { io: 'input', target: 'draft-7', unrepresentable: 'any' });
    const standard = input['~standard'] as { jsonSchema?: { input(options: { target: string }): Record<string, unknown> } };
    return standard.jsonSchema?.input({ target: 'draft-07' }) ?? {};
  } catch {
    return {};
  }
}
