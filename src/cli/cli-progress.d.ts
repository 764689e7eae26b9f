/** The part of cli-progress that the commands use; the package brings no types. */
declare module 'cli-progress' {
  export interface Options {
    format: string;
    barsize: number;
    hideCursor: boolean;
    clearOnComplete: boolean;
    stopOnComplete: boolean;
    stream: NodeJS.WritableStream;
  }
  export interface Preset {
    barCompleteChar: string;
    barIncompleteChar: string;
  }
  export class SingleBar {
    constructor(options: Options, preset: Preset);
    start(total: number, startValue: number, payload: Record<string, string>): void;
    update(value: number, payload: Record<string, string>): void;
    stop(): void;
  }
  const progress: { SingleBar: typeof SingleBar; Presets: { shades_classic: Preset } };
  export default progress;
}
