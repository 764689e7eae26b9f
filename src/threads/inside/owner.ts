/** Whose code runs: it is charged with errors nobody caught, and with what is printed. A job, or a module, which has no id. */
export interface Owner {
  readonly id: string | undefined;
  readonly name: string;
}
