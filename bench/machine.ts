import { readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Report } from './result.js';

const PACKAGES = ['threadmill', 'piscina', 'tinypool', 'workerpool', 'poolifier', 'fastq', 'p-queue', 'zod'];

export function machine(): Report['machine'] {
  return {
    cpu: cpus()[0]?.model.trim() || 'unknown',
    cores: cpus().length,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    platform: `${type()} ${release()} ${process.arch}`,
    node: process.version,
  };
}

export function versions(): Report['versions'] {
  return Object.fromEntries(PACKAGES.map((name) => [name, versionOf(name)]));
}

/** By the nearest package.json above the package's entry: many do not export theirs. */
function versionOf(name: string): string {
  let folder = dirname(fileURLToPath(import.meta.resolve(name)));
  for (; folder !== dirname(folder); folder = dirname(folder)) {
    const found = versionIn(join(folder, 'package.json'), name);
    if (found !== undefined) return found;
  }
  return 'unknown';
}

function versionIn(file: string, name: string): string | undefined {
  try {
    const manifest = JSON.parse(readFileSync(file, 'utf8'));
    return manifest.name === name ? manifest.version : undefined;
  } catch {
    return undefined;
  }
}
