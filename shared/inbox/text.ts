/** Firestore takes 1 MiB a document; text and HTML together stay far below, so that everything else fits beside them. */
export const MAX_TEXT_BYTES = 200_000;
export const MAX_HTML_BYTES = 400_000;
const MAX_SNIPPET = 200;

/** A text within so many bytes of UTF-8, never cut within a character. */
export function capBytes(text: string, max: number): string {
  if (text.length * 3 <= max) return text;
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= max) return text;
  let end = max;
  while (end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end).toString('utf8');
}

/** The beginning of a text on one line, without what it quotes where it says anything itself. */
export function snippetOf(text: string): string {
  const lines = text.slice(0, 20_000).split('\n');
  const own = lines.filter((line) => !/^\s*>/.test(line)).join(' ');
  const line = (own.trim() === '' ? lines.join(' ') : own).replace(/[\s\p{C}]+/gu, ' ').trim();
  const points = [...line.slice(0, MAX_SNIPPET * 2)];
  return points.length <= MAX_SNIPPET ? points.join('') : `${points.slice(0, MAX_SNIPPET - 1).join('')}…`;
}

/** Text as it is stored: one kind of line end, no NUL, nothing that is no character (a lone surrogate). */
export function cleanText(text: string): string {
  return text.replace(/\r\n?/g, '\n').replaceAll('\0', '').toWellFormed().trim();
}
