import { createReadStream } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

/** Firestore accepts documents of up to 1 MiB (https://firebase.google.com/docs/firestore/quotas#limits). */
const MAX_LINE = 1 << 20;

export interface FileLine {
  /** Counted from 1, as in editors. */
  number: number;
  /** Null if the line is longer than any document. */
  text: string | null;
  /** Bytes of the file that have been read so far. */
  bytes: number;
}

/** Streams the non-empty lines of a file, in bounded memory. */
export async function* readLines(file: string): AsyncGenerator<FileLine> {
  const decoder = new StringDecoder('utf8');
  let number = 0;
  let bytes = 0;
  let rest = '';
  let isTooLong = false;
  const takeLine = (text: string): FileLine[] => {
    number += 1;
    const whole = number === 1 ? text.replace(/^\uFEFF/, '') : text;
    const isSkipped = isTooLong || whole.length > MAX_LINE;
    isTooLong = false;
    return !isSkipped && whole.trim() === '' ? [] : [{ number, text: isSkipped ? null : whole, bytes }];
  };
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    const parts = (rest + decoder.write(chunk)).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) yield* takeLine(part);
    if (rest.length <= MAX_LINE) continue;
    rest = '';
    isTooLong = true;
  }
  rest += decoder.end();
  if (rest !== '' || isTooLong) yield* takeLine(rest);
}
