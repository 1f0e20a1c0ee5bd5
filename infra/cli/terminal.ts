import { createInterface } from 'node:readline/promises';

/** How the command line prints, and how a command says with which code it ends. */
export interface Terminal {
  print(line: string): void;
  exit(code: number): void;
}

/** Asks a question on standard error, so that standard output stays the answer; no, and the end of input, is no. */
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

/** Text on one line without control characters: what somebody named a ticket moves no cursor and forges no line. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]+/gu, ' ');
}
