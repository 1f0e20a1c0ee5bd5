import type { ImportKind, Row } from '../../../shared/doors/import/kind.ts';
import { type FileLine, readLines } from './lines.ts';

/** Lines that are checked, and written, together. */
const CHUNK_LINES = 250;
/** The longest value that a fault quotes. */
const MAX_QUOTE = 80;

/** A fault of one line, in a sentence with the field, its value and the rule. */
export interface LineFault {
  line: number;
  message: string;
}

/** Consecutive lines of the file, and the documents they become. */
export interface ImportChunk {
  rows: Row[];
  faults: LineFault[];
  /** Lines checked so far, and bytes of the file read. */
  lines: number;
  bytes: number;
}

/** Reads a file chunk by chunk. Checks each line alone, then against the stored documents. */
export async function* readChunks(file: string, kind: ImportKind): AsyncGenerator<ImportChunk> {
  let lines = 0;
  // Two lines of a file must not become the same document.
  const lineOfPath = new Map<string, number>();
  for await (const batch of groupLines(readLines(file))) {
    lines += batch.length;
    const faults: LineFault[] = [];
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
      const first = lineOfPath.get(path);
      if (typeof row === 'string') faults.push({ line: number, message: row });
      else if (first !== undefined)
        faults.push({
          line: number,
          message: `is about the same document as line ${first}; keep one of them`,
        });
      else {
        lineOfPath.set(path, number);
        rows.push(row);
      }
    }
    faults.sort((one, other) => one.line - other.line);
    yield { rows, faults, lines, bytes: batch.at(-1)?.bytes ?? 0 };
  }
}

async function* groupLines(lines: AsyncIterable<FileLine>): AsyncGenerator<FileLine[]> {
  let chunk: FileLine[] = [];
  for await (const line of lines) {
    chunk.push(line);
    if (chunk.length < CHUNK_LINES) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

function readLine(
  { text }: FileLine,
  { line, names }: ImportKind,
): { value: unknown } | { faults: string[] } {
  if (text === null)
    return {
      faults: ['is longer than 1 MiB; give one JSON object per line (jq -c ".[]" makes them of a list)'],
    };
  const json = parseJson(text);
  if (json === undefined || typeof json !== 'object' || json === null || Array.isArray(json))
    return {
      faults: [`${cutValue(text)} is no JSON object; give one per line (jq -c ".[]" makes them of a list)`],
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
        : `${name} ${cutValue(JSON.stringify(value))}: ${issue.message}`;
    }),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const cutValue = (text: string) => (text.length > MAX_QUOTE ? `${text.slice(0, MAX_QUOTE)}…` : text);
