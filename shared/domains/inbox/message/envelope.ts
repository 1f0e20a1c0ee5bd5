import type { MessageAddressObject, MessageEnvelopeObject } from 'imapflow';
import { parseMailbox } from '../../../doors/mail/address.ts';
import { headerText } from './header-text.ts';
import { type Headers, parseHeaders } from './headers.ts';
import { MAX_ADDRESSES } from './outline.ts';

/** The header fields that an envelope says. */
export const ENVELOPE_FIELDS = ['from', 'to', 'cc', 'subject', 'date', 'message-id', 'in-reply-to'] as const;

/** Returns true for an envelope that says something of its mail. */
export const isEnvelope = ({ from = [], subject, messageId, date }: MessageEnvelopeObject = {}): boolean =>
  from.length > 0 || Boolean(subject) || Boolean(messageId) || date !== undefined;

/** Makes an envelope of a mail's header, for servers that give none. */
export function envelopeOf(raw: Buffer): MessageEnvelopeObject {
  const headers = parseHeaders(raw);
  const [date, messageId, inReplyTo] = ['date', 'message-id', 'in-reply-to'].map(
    (name) => headers.get(name)?.[0],
  );
  const sent = new Date(date ?? '');
  return {
    from: addressesIn(headers, 'from'),
    to: addressesIn(headers, 'to'),
    cc: addressesIn(headers, 'cc'),
    subject: decoded(headers.get('subject')?.[0] ?? ''),
    ...(Number.isNaN(sent.getTime()) ? {} : { date: sent }),
    ...(messageId === undefined ? {} : { messageId }),
    ...(inReplyTo === undefined ? {} : { inReplyTo }),
  };
}

const decoded = (value: string) => headerText(Buffer.from(value, 'latin1'));

function addressesIn(headers: Headers, name: string): MessageAddressObject[] {
  const list = (headers.get(name) ?? []).join(',');
  const one = (text: string) => {
    const mailbox = parseMailbox(text.trim());
    return mailbox ? [{ name: decoded(mailbox.name ?? ''), address: mailbox.address }] : [];
  };
  return splitList(list).slice(0, MAX_ADDRESSES).flatMap(one);
}

/** Cuts a list of addresses at the commas outside of quotes. */
function splitList(list: string): string[] {
  const parts: string[] = [];
  let begin = 0;
  let isQuoted = false;
  for (let at = 0; at < list.length; at += 1) {
    if (list[at] === '"' && list[at - 1] !== '\\') isQuoted = !isQuoted;
    if (list[at] !== ',' || isQuoted) continue;
    parts.push(list.slice(begin, at));
    begin = at + 1;
  }
  return [...parts, list.slice(begin)];
}
