import type { Delimiters } from '../families.ts';

/** A parser or reader of text from outside. It may throw: a refusal takes time too. */
export interface Reader {
  name: string;
  /** The most characters that anyone outside can hand it. */
  cap: number;
  delimiters: Delimiters;
  read(text: string): unknown;
}

/** An HTTP request line; Node takes 16 KiB of line and headers. */
export const URL_CAP = 16 * 1024;
/** A JSON body: MAX_BODY_BYTES. */
export const BODY_CAP = 64 * 1024;
/** A document of another back end: Firestore takes 1 MiB. */
export const DOCUMENT_CAP = 1024 * 1024;
/** A part of a mail: MAX_PART_BYTES. */
export const PART_CAP = 600_000;
/** A literal of IMAP: MAX_LITERAL_BYTES. */
export const LITERAL_CAP = 4 * 1024 * 1024;

/** A header of a mail: MAX_HEADER_BYTES. */
export const HEADER_CAP = 256 * 1024;

/** White space, in the forms that mails and documents have. */
export const SPACES = [' ', '\t', '\n', '\r\n', '\r', '\u00a0', '\u2028'] as const;
