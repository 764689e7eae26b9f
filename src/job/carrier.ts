/** The trace that a job belongs to, on its way to the thread: as it would stand in the headers of a message. */
export type Carrier = Readonly<Record<string, string>>;
