import type { FetchMessageObject } from 'imapflow';
import type { Shape } from './structure.ts';

/** A message after a FETCH; data items that the FETCH did not ask for are absent. */
export type Fetched = Partial<
  Pick<
    FetchMessageObject,
    'uid' | 'flags' | 'size' | 'internalDate' | 'envelope' | 'bodyStructure' | 'headers' | 'bodyParts'
  >
>;

/** Octets fetched of one part at most, as they are transferred: base64 takes a third more than the text. */
export const MAX_PART_BYTES = 600_000;

/** A message as known before its text is fetched: envelope, structure, flags, size, dates, a few header fields. */
export interface Outline {
  uid: number;
  message: Fetched;
  shape: Shape;
  /** The octets that its text parts will take. */
  bytes: number;
}

/** The octets of a message's text parts, by the part's number. */
export type PartBytes = ReadonlyMap<string, Buffer>;
