/** The part of cli-progress that the demo uses; the package brings no types. */
declare module 'cli-progress' {
  export interface Options {
    format: string;
    barsize: number;
    hideCursor: boolean;
    stopOnComplete: boolean;
  }
  export interface Preset {
    barCompleteChar: string;
    barIncompleteChar: string;
  }
  export class SingleBar {
    constructor(options: Options, preset: Preset);
    start(total: number, startValue: number, payload: Record<string, string>): void;
    increment(): void;
    update(payload: Record<string, string>): void;
    stop(): void;
  }
  export const Presets: { shades_classic: Preset };
}
