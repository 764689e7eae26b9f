import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Finds where in its sources a place in a loaded file is, by the map that the file names. */
export class Places {
  readonly #maps = new Map<string, SourceMap | undefined>();

  /** File and line for people; `line` and `column` from 0. Empty where there is no file. */
  of(url: string, line: number, column: number): string {
    if (url === '') return '';
    const entry = this.#mapOf(url)?.findEntry(line, column);
    if (entry === undefined || !('originalSource' in entry)) return `${short(url)}:${line + 1}`;
    return `${short(new URL(entry.originalSource, url).href)}:${entry.originalLine + 1}`;
  }

  #mapOf(url: string): SourceMap | undefined {
    if (!this.#maps.has(url)) this.#maps.set(url, mapOf(url));
    return this.#maps.get(url);
  }
}

function mapOf(url: string): SourceMap | undefined {
  if (!url.startsWith('file:')) return undefined;
  try {
    const named = [...readFileSync(fileURLToPath(url), 'utf8').matchAll(/^\/\/# sourceMappingURL=(\S+)\s*$/gm)].at(-1)?.[1];
    return named === undefined ? undefined : new SourceMap(JSON.parse(textOf(new URL(named, url))));
  } catch {
    // No such file, or no map: the place in the loaded file is as good.
    return undefined;
  }
}

function textOf({ protocol, href, pathname }: URL): string {
  if (protocol !== 'data:') return readFileSync(fileURLToPath(href), 'utf8');
  const [, encoding, data] = /^[^,]*?(;base64)?,(.*)$/s.exec(pathname) as unknown as [string, string | undefined, string];
  return encoding === undefined ? decodeURIComponent(data) : Buffer.from(data, 'base64').toString();
}

/** Relative to where the command runs, and within packages from their name on. */
function short(url: string): string {
  if (!url.startsWith('file:')) return url;
  const path = fileURLToPath(url);
  const within = path.lastIndexOf('node_modules/');
  if (within >= 0) return path.slice(within + 'node_modules/'.length);
  const near = relative(process.cwd(), path);
  return near.startsWith('..') || !existsSync(path) ? path : near;
}
