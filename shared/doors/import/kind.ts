import type { DocumentReference, Firestore, WriteBatch } from '@google-cloud/firestore';
import type * as z from 'zod';

/** The document of one line. It is only created; an existing document is never overwritten. */
export interface Row {
  ref: DocumentReference;
  fields: Record<string, unknown>;
  /** True if an existing document gets the fields that it lacks; its own fields stay. */
  fills?: boolean;
  /** Adds further writes to the commit that creates the document. */
  also?: (batch: WriteBatch) => void;
}

export interface ImportContext {
  store: Firestore;
  now: Date;
}

/** A kind of document that can be imported. Make one for each import, since it may keep state. */
export interface ImportKind<L = unknown> {
  /** The schema of a line. */
  line: z.ZodType<L>;
  /** The legal field names of a line, for the message about an unknown one. */
  names: readonly string[];
  /** Returns the rows of lines, in order; a text is a line's fault that its schema cannot show. */
  rows(lines: readonly L[]): Promise<(Row | string)[]>;
  /**
   * Called once after every line was checked and before anything is written. Returns sentences about its further effects,
   * or in a dry run about those it would have.
   */
  before?(dryRun: boolean): Promise<string[]>;
}

/** Makes a kind whose lines are independent, from its schema and the row of a line. */
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
