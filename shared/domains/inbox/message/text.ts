/** Firestore takes 1 MiB a document; text and HTML together stay far below, so that everything else fits beside them. */
export const MAX_TEXT_BYTES = 200_000;
export const MAX_HTML_BYTES = 400_000;
const MAX_SNIPPET = 200;
/** A snippet is taken from this many characters of a text, and this many of a line. */
const MAX_LOOKED_AT = 20_000;
const MAX_LINE = 2_000;

/** Returns the beginning of a text that fits `max` bytes of UTF-8, never cut within a character. */
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
  const own = beginning(text, (line) => !/^\s*>/.test(line));
  const line = own === '' ? beginning(text, () => true) : own;
  if (line.length <= MAX_SNIPPET) return line;
  let [end, last] = [0, 0];
  for (let points = 0; points < MAX_SNIPPET && end < line.length; points += 1) {
    last = end;
    end += (line.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
  }
  return end >= line.length ? line : `${line.slice(0, last)}…`;
}

/** As much of the lines that count as a snippet may need, read no further than that. */
function beginning(text: string, counts: (line: string) => boolean): string {
  const said: string[] = [];
  const end = Math.min(text.length, MAX_LOOKED_AT);
  for (let from = 0, length = 0; from < end && length <= MAX_SNIPPET * 2; ) {
    const newline = text.indexOf('\n', from);
    const to = Math.min(end, newline < 0 ? end : newline);
    const line = text.slice(from, Math.min(to, from + MAX_LINE));
    from = to + 1;
    const words = counts(line) ? line.replace(/[\s\p{C}]+/gu, ' ').trim() : '';
    if (words === '') continue;
    said.push(words);
    length += words.length + 1;
  }
  return said.join(' ');
}

/** Text as it is stored: one kind of line end, no NUL, nothing that is no character (a lone surrogate). */
export function cleanText(text: string): string {
  // Most texts need little of this, and every mail has a dozen of them.
  const lines = text.includes('\r') ? text.replaceAll('\r\n', '\n').replaceAll('\r', '\n') : text;
  const whole = lines.includes('\0') ? lines.replaceAll('\0', '') : lines;
  return (whole.isWellFormed() ? whole : whole.toWellFormed()).trim();
}
