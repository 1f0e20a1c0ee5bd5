import { createInterface } from 'node:readline/promises';

/** Prints lines and sets the exit code of a command. */
export interface Terminal {
  print(line: string): void;
  exit(code: number): void;
}

/** Asks a question on standard error, since standard output is for the answer. The end of input means no. */
export async function confirm(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
  try {
    const answer = await Promise.race([lines.question(`${question} [y/N] `), ended]);
    return /^(y|yes|o|oui)$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}

/** Pads all columns but the last to one width, two spaces apart. A row may be shorter than others. */
export function alignRows(rows: readonly (readonly string[])[]): string[] {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, at) =>
    Math.max(...rows.map((row) => (row[at] ?? '').length)),
  );
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** Replaces control characters, so that a ticket's name can neither move the cursor nor forge a line. */
export function toPrintable(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]+/gu, ' ');
}
