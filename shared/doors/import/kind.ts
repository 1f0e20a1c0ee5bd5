import type { DocumentReference, Firestore, WriteBatch } from '@google-cloud/firestore';
import type * as z from 'zod';

/** What one line becomes. It is created, and never put over a document that is there. */
export interface Row {
  ref: DocumentReference;
  fields: Record<string, unknown>;
  /** Fields that a document which is there does not have at all are given to it; none that it has is touched. */
  fills?: boolean;
  /** What is written in the same commit as the document, where it is created. */
  also?: (batch: WriteBatch) => void;
}

export interface ImportContext {
  store: Firestore;
  now: Date;
}

/** One kind of thing that can be imported; made for one import, since it may remember what it has met. */
export interface ImportKind<L = unknown> {
  /** One line of the file. */
  line: z.ZodType<L>;
  /** The names that a line may have, for the message about one it may not. */
  names: readonly string[];
  /** What lines become, in order; a text is what stands against one that the line alone does not show. */
  rows(lines: readonly L[]): Promise<(Row | string)[]>;
  /**
   * Once, after every line was looked at and before anything is written. Returns sentences about what else it did, or,
   * in a dry run, would do.
   */
  before?(dryRun: boolean): Promise<string[]>;
}

/** Makes a kind from its schema and what a line becomes, where lines know nothing of each other. */
export function simpleKind<S extends z.ZodObject>(
  line: S,
  row: (line: z.output<S>) => Row,
): ImportKind<z.output<S>> {
  return {
    line: line as unknown as z.ZodType<z.output<S>>,
    names: Object.keys(line.shape),
    rows: async (lines) => lines.map(row),
  };
}
