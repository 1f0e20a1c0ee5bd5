/** The whole number that a field holds, if it is one within the bounds. */
export function wholeIn(text: string, min: number, max: number): number | null {
  const value = /^\s*\d{1,9}\s*$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : null;
}
