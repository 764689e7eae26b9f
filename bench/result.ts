/** Raw values of one comparison: what the JSON holds, and everything else is computed from. */
export interface Group {
  readonly name: string;
  /** Of the values; smaller is better in all of them. */
  readonly unit: 'µs a job' | 'µs' | 'ms' | 'MiB' | 'bytes a job' | '% too late' | 'times';
  /** The values of each contender, one a round; round n of all contenders ran right after each other. */
  readonly rounds: Record<string, number[]>;
  /** Whether dividing the others' values by threadmill's says something. */
  readonly compare: boolean;
}

/** Everything one run has measured. */
export interface Report {
  readonly date: string;
  readonly machine: { cpu: string; cores: number; memory: string; platform: string; node: string };
  readonly versions: Record<string, string>;
  readonly quick: boolean;
  readonly cases: Record<string, Group[]>;
}

/** How thoroughly a case measures. */
export interface Settings {
  readonly quick: boolean;
  readonly rounds: number;
}

export type Case = (settings: Settings) => Promise<Group[]>;
