import { createReadStream } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

/** Firestore takes documents of up to 1 MiB (https://firebase.google.com/docs/firestore/quotas#limits); so long is no line. */
const MAX_LINE = 1 << 20;

export interface Line {
  /** Counted from 1, as editors do. */
  number: number;
  /** Null for a line that is longer than any document. */
  text: string | null;
  /** Bytes of the file that have been read so far. */
  bytes: number;
}

/** Streams the lines of a file that are not empty; memory is bounded whatever is in it. */
export async function* readLines(file: string): AsyncGenerator<Line> {
  const decoder = new StringDecoder('utf8');
  let number = 0;
  let bytes = 0;
  let rest = '';
  let tooLong = false;
  const line = (text: string): Line[] => {
    number += 1;
    const whole = number === 1 ? text.replace(/^\uFEFF/, '') : text;
    const skipped = tooLong || whole.length > MAX_LINE;
    tooLong = false;
    return !skipped && whole.trim() === '' ? [] : [{ number, text: skipped ? null : whole, bytes }];
  };
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    const parts = (rest + decoder.write(chunk)).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) yield* line(part);
    if (rest.length <= MAX_LINE) continue;
    rest = '';
    tooLong = true;
  }
  rest += decoder.end();
  if (rest !== '' || tooLong) yield* line(rest);
}
