/** A regular expression as a user would type it, and what it looks for. */
export interface Pattern {
  title: string;
  pattern: string;
  flags: string;
}

/**
 * Means "a line of nothing but words that ends with a colon". `(\s*[\w-]+\s*)+` can split a run of n word characters
 * in 2^(n-1) ways, and a backtracking engine tries them all before it gives up: it hangs on any line that begins
 * with some thirty letters and spaces and has no colon next, which is any prose.
 */
export const HANGING: Pattern = { title: 'introductions', pattern: String.raw`^(\s*[\w-]+\s*)+:$`, flags: 'gm' };

/** The same lines, but words can only be split at spaces: one way to match, so linear time. */
export const CORRECTED: Pattern = { ...HANGING, pattern: String.raw`^[\w-]+(?: +[\w-]+)*:$` };

export const PATTERNS: readonly Pattern[] = [
  { title: 'headings', pattern: '^#{1,6} .+$', flags: 'gm' },
  { title: 'links', pattern: String.raw`\[[^\]\n]*\]\([^)\s]+\)`, flags: 'g' },
  { title: 'code blocks', pattern: '^(```|~~~)[a-z]+', flags: 'gm' },
  { title: 'badges', pattern: String.raw`!\[[^\]\n]*\]\(https:\/\/[^)\s]*(badge|shields\.io)[^)\s]*\)`, flags: 'gi' },
  { title: 'versions', pattern: String.raw`\bv?\d+\.\d+\.\d+\b`, flags: 'g' },
  { title: 'install lines', pattern: String.raw`\b(npm|yarn|pnpm) (install|i|add)\b.*$`, flags: 'gm' },
  { title: 'imports', pattern: '^import .+ from ("[^"]+"|\'[^\']+\')', flags: 'gm' },
  { title: 'HTML comments', pattern: '<!--[^]*?-->', flags: 'g' },
  { title: 'to do', pattern: String.raw`\b(TODO|FIXME|XXX)\b`, flags: 'g' },
  { title: 'licences', pattern: String.raw`\b(MIT|ISC|BSD-[23]-Clause|Apache-2\.0)\b`, flags: 'g' },
  HANGING,
];
