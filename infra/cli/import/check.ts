import type { ImportKind, Row } from '../../../shared/doors/import/kind.ts';
import { type Line, readLines } from './lines.ts';

/** Lines that are looked at, and written, together. */
const CHUNK = 250;
/** A value that is shown in a fault is cut to this. */
const SHOWN = 80;

/** What is wrong with one line, in a sentence: the field, its value, the rule. */
export interface Fault {
  line: number;
  message: string;
}

/** Some lines in order, with what each becomes. */
export interface Chunk {
  rows: Row[];
  faults: Fault[];
  /** Lines looked at so far, and bytes of the file read. */
  lines: number;
  bytes: number;
}

/** Reads a file chunk by chunk, each line checked by itself and then beside what is stored. */
export async function* readChunks(file: string, kind: ImportKind): AsyncGenerator<Chunk> {
  let lines = 0;
  // A line is known by the document that it becomes; two of a file must not want the same.
  const seen = new Map<string, number>();
  for await (const batch of inChunks(readLines(file))) {
    lines += batch.length;
    const faults: Fault[] = [];
    const good: { number: number; value: unknown }[] = [];
    for (const line of batch) {
      const read = readLine(line, kind);
      if ('faults' in read) faults.push(...read.faults.map((message) => ({ line: line.number, message })));
      else good.push({ number: line.number, value: read.value });
    }
    const rows: Row[] = [];
    const results = await kind.rows(good.map(({ value }) => value));
    for (const [index, row] of results.entries()) {
      const number = good[index]?.number ?? 0;
      const path = typeof row === 'string' ? '' : row.ref.path;
      const first = seen.get(path);
      if (typeof row === 'string') faults.push({ line: number, message: row });
      else if (first !== undefined)
        faults.push({
          line: number,
          message: `is about the same document as line ${first}; keep one of them`,
        });
      else {
        seen.set(path, number);
        rows.push(row);
      }
    }
    faults.sort((one, other) => one.line - other.line);
    yield { rows, faults, lines, bytes: batch.at(-1)?.bytes ?? 0 };
  }
}

async function* inChunks(lines: AsyncIterable<Line>): AsyncGenerator<Line[]> {
  let chunk: Line[] = [];
  for await (const line of lines) {
    chunk.push(line);
    if (chunk.length < CHUNK) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

function readLine({ text }: Line, { line, names }: ImportKind): { value: unknown } | { faults: string[] } {
  if (text === null)
    return {
      faults: ['is longer than 1 MiB; give one JSON object per line (jq -c ".[]" makes them of a list)'],
    };
  const json = parse(text);
  if (json === undefined || typeof json !== 'object' || json === null || Array.isArray(json))
    return {
      faults: [`${show(text)} is no JSON object; give one per line (jq -c ".[]" makes them of a list)`],
    };
  const { success, data, error } = line.safeParse(json);
  if (success) return { value: data };
  return {
    faults: error.issues.map((issue) => {
      if (issue.code === 'unrecognized_keys')
        return `${issue.keys.join(', ')}: no such field; legal: ${names.join(', ')}`;
      const value = issue.path.reduce<unknown>(
        (of, name) => (of as Record<PropertyKey, unknown> | undefined)?.[name],
        json,
      );
      const name = issue.path.join('.');
      return value === undefined
        ? `${name} is missing: ${issue.message}`
        : `${name} ${show(JSON.stringify(value))}: ${issue.message}`;
    }),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const show = (text: string) => (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);
