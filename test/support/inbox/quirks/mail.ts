/** A message of the scripted server, as its answers have it. */
export interface QuirkMail {
  uid: number;
  flags: string;
  /** Null: NIL. Undefined: the server says none. */
  date: string | null | undefined;
  size: number;
  envelope: string | Buffer;
  structure: string;
  headers: Buffer;
  /** Parts by their numbers, TEXT, or '' for the whole. */
  parts: Readonly<Record<string, Buffer>>;
}

export interface MailOptions extends Partial<Omit<QuirkMail, 'uid'>> {
  body?: string;
  subject?: string;
  inReplyTo?: string;
}

const quoted = (text: string | undefined) =>
  text === undefined ? 'NIL' : `"${text.replace(/["\\]/g, '\\$&')}"`;

/** A plain mail. */
export function plain(uid: number, options: MailOptions = {}): QuirkMail {
  const { body = `Hello ${uid}\r\n`, subject = `Mail ${uid}`, inReplyTo, ...rest } = options;
  const text = Buffer.from(body);
  return {
    uid,
    flags: '()',
    date: '04-Mar-2026 09:00:00 +0000',
    size: 300 + text.length,
    envelope: envelope({
      subject: quoted(subject),
      inReplyTo: quoted(inReplyTo),
      id: quoted(`<m${uid}@kunde.example>`),
    }),
    structure: `("text" "plain" ("charset" "utf-8") NIL NIL "8bit" ${text.length} 1 NIL NIL NIL NIL)`,
    headers: Buffer.from('\r\n'),
    parts: { 1: text },
    ...rest,
  };
}

/** An ENVELOPE; each text is as it comes over the wire. */
export const envelope = ({ subject = 'NIL', inReplyTo = 'NIL', id = '"<e@x>"' }) =>
  `("Wed, 04 Mar 2026 08:00:00 +0000" ${subject} (("Anna Weiss" NIL "anna" "kunde.example")) NIL NIL ((NIL NIL "office" "example.test")) NIL NIL ${inReplyTo} ${id})`;

export const many = (count: number, options: MailOptions = {}): QuirkMail[] =>
  Array.from({ length: count }, (_, index) => plain(index + 1, options));

export const nextUid = (messages: readonly QuirkMail[]) => Math.max(0, ...messages.map(({ uid }) => uid)) + 1;

/** Returns true if a UID is in a sequence set. */
export function inSet(set: string, uid: number, messages: readonly QuirkMail[]): boolean {
  const greatest = nextUid(messages) - 1;
  return set.split(',').some((part) => {
    const [one = 0, other = one] = part.split(':').map((text) => (text === '*' ? greatest : Number(text)));
    return uid >= Math.min(one, other) && uid <= Math.max(one, other);
  });
}

const literal = (bytes: Buffer) => Buffer.concat([Buffer.from(`{${bytes.length}}\r\n`), bytes]);

/** An untagged FETCH response with the data items that were asked for. */
export function answerFetch(mail: QuirkMail, number: number, items: string): Buffer {
  const out: Buffer[] = [Buffer.from(`* ${number} FETCH (UID ${mail.uid}`)];
  const add = (...all: (string | Buffer)[]) => out.push(...all.map((each) => Buffer.from(each as string)));
  if (/FLAGS/.test(items)) add(` FLAGS ${mail.flags}`);
  if (/INTERNALDATE/.test(items) && mail.date !== undefined)
    add(` INTERNALDATE ${mail.date === null ? 'NIL' : `"${mail.date}"`}`);
  if (/RFC822\.SIZE/.test(items)) add(` RFC822.SIZE ${mail.size}`);
  if (/ENVELOPE/.test(items)) add(' ENVELOPE ', mail.envelope);
  if (/BODYSTRUCTURE/.test(items)) add(` BODYSTRUCTURE ${mail.structure}`);
  const fields = /BODY\.PEEK\[HEADER\.FIELDS \(([^)]*)\)\]/.exec(items)?.[1];
  if (fields !== undefined) add(` BODY[HEADER.FIELDS (${fields})] `, literal(mail.headers));
  for (const [, part = '', from, length] of items.matchAll(
    /BODY\.PEEK\[([0-9.]+|TEXT|)\](?:<(\d+)\.(\d+)>)?/g,
  )) {
    const body = mail.parts[part];
    add(` BODY[${part}]${from === undefined ? '' : `<${from}>`} `);
    if (body === undefined) add('NIL');
    else add(literal(from === undefined ? body : body.subarray(Number(from), Number(from) + Number(length))));
  }
  add(')\r\n');
  return Buffer.concat(out);
}
