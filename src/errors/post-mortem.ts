/** One call of a stack, innermost first. */
export interface Frame {
  functionName: string;
  /** URL or path of the file; through source maps when the process runs with `--enable-source-maps`. */
  url: string;
  line: number;
  column: number;
}

/** Where a job was when its time was over, looked at just before its thread was terminated. */
export interface PostMortem {
  /**
   * `cpu`: computing; `stack` is where. `awaiting`: an await that did not settle; `resources` is what was open.
   * `native`: inside a native call that cannot be interrupted (known on Linux only). `loading`: its module had not finished loading.
   * `unknown`: nothing could be learned; `why` says why, such as that the thread did not answer on a busy machine.
   */
  kind: 'cpu' | 'awaiting' | 'native' | 'loading' | 'unknown';
  /** Innermost call first, without frames of Node.js, threadmill and Piscina; empty where nothing of the job was running. */
  stack: Frame[];
  /** Where several looks within some milliseconds found the job: innermost calls, the most frequent first; `share` of 1. */
  hot?: { functionName: string; url: string; line: number; share: number }[];
  /** What the thread's event loop had open, by Node's names, each once. */
  resources?: string[];
  /** Bytes of the thread's heap. */
  heapUsed?: number;
  /** Of kind `unknown`: why nothing is known. */
  why?: string;
  /** Share of the time since the first look that the thread was not idle, 0 to 1. */
  elu?: number;
}
