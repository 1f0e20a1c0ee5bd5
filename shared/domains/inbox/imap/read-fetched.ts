import { parseBodystructure, parseEnvelope } from 'imapflow/lib/tools.js';
import { headerText } from '../message/header-text.ts';
import type { Fetched } from '../message/outline.ts';
import { type DataItems, dataItems, readItems, type Value } from './fetch-response.ts';

/** A response as it comes, with its literals taken out. */
export interface FetchResponse {
  payload: Buffer;
  literals?: Buffer[];
}

/** Reads an untagged FETCH response in imapflow's form. Returns null if imapflow must parse it. */
export function readFetched({ payload, literals = [] }: FetchResponse): Fetched | null {
  try {
    const items = dataItems(payload, literals);
    return items && messageOf(items);
  } catch {
    return null;
  }
}

/** Reads what can be read of a response that no parser takes whole: the rest of the message is fetched otherwise. */
export function salvageFetched({ payload, literals = [] }: FetchResponse): Fetched | null {
  try {
    const message = messageOf(readItems(payload, literals).items);
    return message.uid === undefined ? null : message;
  } catch {
    return null;
  }
}

function messageOf(items: DataItems): Fetched {
  const message: Fetched = {};
  for (const [name, value] of items)
    if (name.startsWith('BODY[')) addBody(message, name, value);
    else READ[name]?.(message, value);
  return message;
}

/** Adds each data item to a message, in imapflow's form. */
const READ: Readonly<Record<string, (message: Fetched, value: Value) => void>> = {
  UID: (message, value) => {
    const uid = Number(textOf(value));
    if (Number.isSafeInteger(uid) && uid > 0) message.uid = uid;
  },
  FLAGS: (message, value) => {
    message.flags = new Set((Array.isArray(value) ? value : []).map(textOf));
  },
  'RFC822.SIZE': (message, value) => {
    message.size = Number(textOf(value)) || 0;
  },
  INTERNALDATE: (message, value) => {
    const date = new Date(textOf(value));
    message.internalDate = Number.isNaN(date.getTime()) ? textOf(value) : date;
  },
  ENVELOPE: (message, value) => {
    message.envelope = Array.isArray(value) ? parseEnvelope(value.map(withText)) : {};
  },
  BODYSTRUCTURE: (message, value) => {
    if (Array.isArray(value)) message.bodyStructure = parseBodystructure(value.map(withText));
  },
};

/** Decodes strings of headers; imapflow would read raw 8-bit ones as UTF-8 only. */
function withText(value: Value): Value {
  if (value === null) return null;
  if (Array.isArray(value)) return value.map(withText);
  return value.type === 'ATOM' ? value : { type: 'STRING', value: headerText(value.value) };
}

/** Adds a section: header fields, or a part under its number. NIL is an empty string (RFC 9051, 4.5). */
function addBody(message: Fetched, name: string, value: Value): void {
  if (Array.isArray(value)) return;
  const given = value?.value ?? '';
  const octets = typeof given === 'string' ? Buffer.from(given) : given;
  const section = name.slice('BODY['.length, name.lastIndexOf(']')).toLowerCase();
  if (section.startsWith('header')) message.headers = octets;
  else {
    message.bodyParts ??= new Map();
    message.bodyParts.set(section, octets);
  }
}

const textOf = (value: Value): string => (value === null || Array.isArray(value) ? '' : String(value.value));
