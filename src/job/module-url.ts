import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Check } from '../checks/checks.js';

/** The option `module` of a definition, as a URL. */
export const checkModule: Check<string> = (value, refuse) => {
  try {
    return moduleUrl(value);
  } catch {
    refuse('expected import.meta.url of the file that defines the job');
    return value;
  }
};

/** Throws when it names no module. */
function moduleUrl(module: string | URL): string {
  const url = module instanceof URL || /^[a-z][a-z\d+.-]+:/i.test(module) ? new URL(module) : pathToFileURL(module);
  if (url.protocol === 'file:') fileURLToPath(url);
  return url.href;
}
