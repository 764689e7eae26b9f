/** What a job's trace is found by, as it would stand in the headers of a message: `name: value` lines. One text is cheap to send. */
export type Carrier = string;

/** `undefined` when there is nothing to carry. */
export function carrierOf(headers: Readonly<Record<string, string>>): Carrier | undefined {
  let carrier: Carrier | undefined;
  for (const name in headers) carrier = `${carrier === undefined ? '' : `${carrier}\n`}${name}: ${headers[name]}`;
  return carrier;
}

export function headersOf(carrier: Carrier): Record<string, string> {
  return Object.fromEntries(
    carrier.split('\n').map((line) => {
      const colon = line.indexOf(': ');
      return [line.slice(0, colon), line.slice(colon + 2)];
    }),
  );
}
