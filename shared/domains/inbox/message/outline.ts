import type { FetchMessageObject, MessageEnvelopeObject } from 'imapflow';
import { MAX_HEADER_BYTES } from './headers.ts';
import { type Shape, shapeOf } from './structure.ts';

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
  /** The size of its text parts in octets. */
  bytes: number;
}

/** The octets of a message's text parts, by the part's number. */
export type PartBytes = ReadonlyMap<string, Buffer>;

/** Bounds of an envelope: characters of each text, and addresses of each list. */
const MAX_ENVELOPE_TEXT = 16_000;
export const MAX_ADDRESSES = 200;

/**
 * Returns the outline of a fetched message, within bounds: a hundred of them are held at a time, and one envelope may have
 * four megabytes.
 */
export function outlineOf(uid: number, { bodyStructure, headers, envelope, ...message }: Fetched): Outline {
  const shape = shapeOf(bodyStructure);
  const bytes = shape.texts.reduce((sum, { size }) => sum + Math.min(size, MAX_PART_BYTES), 0);
  const bounded: Fetched = {
    ...message,
    ...(headers ? { headers: cutBytes(headers) } : {}),
    ...(envelope ? { envelope: boundEnvelope(envelope) } : {}),
  };
  return { uid, message: bounded, shape, bytes };
}

/** A copy: a part of a buffer would keep the whole in memory. */
const cutBytes = (bytes: Buffer) =>
  bytes.length <= MAX_HEADER_BYTES ? bytes : Buffer.from(bytes.subarray(0, MAX_HEADER_BYTES));

function boundEnvelope(envelope: MessageEnvelopeObject): MessageEnvelopeObject {
  const bounded = Object.entries(envelope).map(([name, value]) => {
    if (typeof value === 'string') return [name, cutText(value)];
    return [name, Array.isArray(value) ? value.slice(0, MAX_ADDRESSES).map(boundAddress) : value];
  });
  return Object.fromEntries(bounded) as MessageEnvelopeObject;
}

const boundAddress = ({ name = '', address = '' }: { name?: string; address?: string }) => ({
  name: cutText(name),
  address: cutText(address),
});

/** A copy, for the same reason. */
const cutText = (text: string) =>
  text.length <= MAX_ENVELOPE_TEXT ? text : Buffer.from(text.slice(0, MAX_ENVELOPE_TEXT)).toString();
