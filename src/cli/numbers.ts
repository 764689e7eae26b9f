/** A whole number with spaces between thousands. */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en').replaceAll(',', ' ');
}

/** Three significant digits, or all of a large whole number. */
export function digits(value: number): string {
  if (Math.abs(value) >= 100) return count(value);
  return String(Number(value.toPrecision(3)));
}

/** A rate. */
export function perSecond(value: number): string {
  return `${digits(value)}/s`;
}
