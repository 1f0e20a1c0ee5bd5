import { answerFetch, envelope, many, plain, type QuirkMail } from './mail.ts';
import { asked, type QuirkAccount, type QuirkCommand, searched } from './server.ts';

const CONDSTORE = { capabilities: 'IMAP4rev1 UIDPLUS CONDSTORE ENABLE' };

/** Answers a SEARCH with a part of it. */
export const cutSearch =
  (cut: (uids: number[]) => number[], end = 'OK done') =>
  (command: QuirkCommand): boolean => {
    if (command.command !== 'UID SEARCH') return false;
    command.send(
      `* SEARCH${cut(searched(command))
        .map((uid) => ` ${uid}`)
        .join('')}`,
    );
    command.send(`${command.tag} ${end}`);
    return true;
  };

/** Refuses each FETCH of more than UIDs that has this message in its set. */
export const failsAt =
  (bad: number, text: string) =>
  (command: QuirkCommand): boolean => {
    const { items, some } = asked(command);
    if (command.command !== 'UID FETCH' || !/BODY|ENVELOPE/.test(items)) return false;
    if (!some.some(({ mail }) => mail.uid === bad)) return false;
    for (const { mail, number } of some) if (mail.uid < bad) command.send(answerFetch(mail, number, items));
    command.send(`${command.tag} ${text}`);
    return true;
  };

export const refuse =
  (name: string, text: string, isMeant = (_args: string) => true) =>
  ({ command, send, tag, args }: QuirkCommand): boolean => {
    if (command !== name || !isMeant(args)) return false;
    send(`${tag} ${text}`);
    return true;
  };

/** Answers a FETCH of outlines by own responses for each message. */
const eachFetched =
  (respond: (mail: QuirkMail, number: number, items: string) => (string | Buffer)[], isMeant = /ENVELOPE/) =>
  (command: QuirkCommand): boolean => {
    const { items, some } = asked(command);
    if (command.command !== 'UID FETCH' || !isMeant.test(items)) return false;
    for (const { mail, number } of some) for (const line of respond(mail, number, items)) command.send(line);
    command.send(`${command.tag} OK`);
    return true;
  };

const edited = (bytes: Buffer, edit: (text: string) => string) =>
  Buffer.from(edit(bytes.toString('latin1')), 'latin1');
const withoutPartial = (items: string) => items.replace(/<[^>]*>/g, '');
const middle = (bad: QuirkMail) => ({ messages: [plain(1), bad, plain(3)] });
const text = (body: string) => ({ parts: { 1: Buffer.from(body) } });

/** The accounts of the field, by name: what a server does, with the mail behind it. */
export const fieldAccounts = (): Record<string, QuirkAccount> => ({
  yahoo1000: { messages: many(240), on: cutSearch((uids) => uids.slice(-200)) },
  yahooold: {
    messages: many(50),
    on: cutSearch((uids) => uids.slice(0, 30), 'OK [MESSAGELIMIT 30 30] partial'),
  },
  searchempty: { messages: many(5), on: refuse('UID SEARCH', 'OK SEARCH completed') },
  searchbad: { messages: many(3), on: refuse('UID SEARCH', 'BAD Command Argument Error. 11') },
  splitsearch: {
    messages: many(6),
    on: ({ command, send, tag }) => {
      if (command !== 'UID SEARCH') return false;
      for (const line of ['* SEARCH 1 2 3', '* SEARCH 4 5 6 ', `${tag} OK`]) send(line);
      return true;
    },
  },
  yahoobad: {
    messages: many(30),
    on: failsAt(17, 'NO [UNAVAILABLE] UID FETCH Server error while fetching messages'),
  },
  yahoobad2: { messages: many(30), on: failsAt(17, 'NO UID FETCH Server error - Please try again later') },
  badfetch: { messages: many(30), on: failsAt(17, 'BAD Command Error. 12') },
  nofetch: { messages: many(30), on: failsAt(17, 'NO The message could not be retrieved') },
  nouidnext: { messages: many(5), uidNext: null },
  uidnextlie: { messages: many(4), uidNext: 1 },
  uidnextzero: { messages: many(4), uidNext: 0 },
  nilbody: middle(plain(2, { parts: {}, inReplyTo: '<ours@x>', subject: 'Re: rappel, NIL body' })),
  nilstruct: middle(
    plain(2, {
      structure: 'NIL',
      parts: { 1: Buffer.from('I am the text'), '': Buffer.from('Subject: x\r\n\r\nI am the text') },
    }),
  ),
  nilchild: middle(plain(2, { structure: '(NIL "mixed" ("boundary" "x") NIL NIL NIL)' })),
  emptystruct: middle(plain(2, { structure: '()' })),
  nodate: middle(plain(2, { date: undefined, envelope: envelope({}) })),
  baddate: {
    messages: [
      plain(1),
      ...[
        '00-Jan-0000 00:00:00 +0000',
        '4-Mar-26 9:00:00 +0000',
        '04-Mar-2026 09:00:00 GMT',
        '04-Mar-2026 09:00:00',
      ].map((date, index) => plain(index + 2, { date })),
      plain(6, { date: '31-Feb-2026 25:61:00 +0000' }),
      plain(7, { date: '04-Mar-2106 09:00:00 +0000' }),
      plain(8, { date: null }),
    ],
  },
  nilenvelope: {
    messages: [
      plain(1),
      plain(2, { envelope: 'NIL' }),
      plain(3, { envelope: '(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)' }),
      plain(4, {
        envelope: Buffer.from(
          '("x" {3}\r\n\xe9\xe8\xe0 ((NIL NIL NIL NIL)) NIL NIL ((NIL NIL "undisclosed-recipients" NIL)(NIL NIL NIL NIL)) NIL NIL NIL NIL)',
          'latin1',
        ),
      }),
    ],
  },
  splitfetch: {
    messages: many(4),
    on: eachFetched((mail, number, items) => [
      answerFetch(mail, number, 'FLAGS INTERNALDATE RFC822.SIZE'),
      answerFetch(mail, number, items.replace(/FLAGS|INTERNALDATE|RFC822.SIZE/g, '')),
    ]),
  },
  nouid: {
    messages: many(4),
    on: eachFetched((mail, number, items) => [
      edited(answerFetch(mail, number, items), (line) => line.replace('UID 2 ', '')),
    ]),
  },
  condbad: {
    ...CONDSTORE,
    messages: many(6),
    modseq: 50,
    on: (command) => {
      const { account } = command;
      if (command.command === 'STATUS') account.modseq = Number(account.modseq) + 1;
      return refuse('UID FETCH', 'BAD [CLIENTBUG] UID FETCH Command arguments invalid', (args) =>
        args.includes('CHANGEDSINCE'),
      )(command);
    },
  },
  modseq0: { ...CONDSTORE, messages: many(4), modseq: '0' },
  modseqlie: { ...CONDSTORE, messages: many(4), modseq: 9 },
  uidv0: { messages: many(2), uidValidity: 0 },
  uidvbig: { messages: many(2), uidValidity: '18446744073709551615' },
  uidvnone: { messages: many(2), uidValidity: null },
  expunge: {
    messages: many(8),
    on: (command) => {
      const { items, some } = asked(command);
      if (command.command !== 'UID FETCH' || !/ENVELOPE/.test(items) || command.account['did']) return false;
      command.account['did'] = true;
      for (const [index, { mail, number }] of some.entries()) {
        command.send(answerFetch(mail, number, items));
        if (index === 2)
          for (const line of ['* 9 EXISTS', '* 1 RECENT', '* 5 FETCH (FLAGS (\\Seen))']) command.send(line);
        if (index === 4) command.send('* 1 EXPUNGE');
      }
      command.send(`${command.tag} OK`);
      return true;
    },
  },
  bye: {
    messages: many(150),
    on: (command) => {
      const { items, some } = asked(command);
      if (command.command !== 'UID FETCH' || !/ENVELOPE/.test(items) || command.account['did']) return false;
      command.account['did'] = true;
      for (const { mail, number } of some.slice(0, 20)) command.send(answerFetch(mail, number, items));
      command.send('* BYE [UNAVAILABLE] Session invalidated - AccessTokenExpired');
      command.socket.end();
      return true;
    },
  },
  nologin: { messages: many(2), on: refuse('EXAMINE', 'BAD User is authenticated but not connected.') },
  courier: {
    messages: many(3),
    namespace: '(("INBOX." ".")) NIL (("#shared." ".")("shared." "."))',
    list: ['* LIST (\\HasChildren) "." INBOX'],
  },
  nildelim: {
    messages: many(3),
    namespace: '(("" NIL)) NIL NIL',
    list: ['* LIST (\\NoInferiors) NIL INBOX'],
  },
  nsfails: { messages: many(3), on: refuse('NAMESPACE', 'BAD NAMESPACE unknown') },
  utf8name: {
    messages: many(2),
    list: [
      '* LIST (\\HasNoChildren) "/" "INBOX"',
      '* LIST (\\HasNoChildren) "/" "&AMk-l&AOk-ments envoy&AOk-s"',
    ],
  },
  zerobyte: {
    messages: [
      plain(1, { size: 0, body: '', structure: '("text" "plain" NIL NIL NIL "7bit" 0 0 NIL NIL NIL NIL)' }),
      plain(2),
    ],
  },
  wrongsize: {
    messages: [
      plain(1, {
        structure: '("text" "plain" ("charset" "utf-8") NIL NIL "8bit" 0 0 NIL NIL NIL NIL)',
        body: 'Size says nought, text is here',
      }),
    ],
  },
  nopartial: {
    messages: many(3),
    on: eachFetched((mail, number, items) => [answerFetch(mail, number, withoutPartial(items))], /</),
  },
  quotedname: {
    messages: many(3),
    on: eachFetched(
      (mail, number, items) => [
        edited(answerFetch(mail, number, items), (line) =>
          line.replace(
            /HEADER.FIELDS \(([^)]*)\)/,
            (_, names: string) =>
              `HEADER.FIELDS (${names
                .split(' ')
                .map((name) => `"${name.toUpperCase()}"`)
                .join(' ')})`,
          ),
        ),
      ],
      /HEADER/,
    ),
  },
  oktext: {
    messages: many(3),
    on: eachFetched(
      (mail, number, items) => [
        edited(answerFetch(mail, number, items), (line) =>
          line.replace(' FETCH ', ' Fetch ').replace('* ', '*  '),
        ),
      ],
      /./,
    ),
  },
  gmx: {
    messages: [
      plain(1, {
        structure:
          '(("multipart" "related" ("boundary" "b") NIL NIL "7BIT" 400 ("boundary" "b") NIL NIL NIL)("TEXT" "html" ("charset" "UTF8") NIL NIL "7BIT" 20 70 NIL NIL NIL NIL) "mixed" ("boundary" "c") NIL NIL NIL)',
        parts: { 1: Buffer.from('x'), 2: Buffer.from('<p>html text</p>') },
      }),
    ],
  },
  migrate: { messages: many(5) },
  shrink: { messages: many(20) },
  flagsnomod: { messages: many(4) },
  exchcrlf: middle(plain(2, { envelope: envelope({ subject: '"Embedded\r\nnewline"', id: '"<e2@x>"' }) })),
  unescaped: middle(plain(2, { envelope: envelope({ subject: '"He said "hello" there"', id: '"<e2@x>"' }) })),
  eightbit: {
    messages: [
      plain(1),
      plain(2, {
        envelope: Buffer.from(
          envelope({ subject: '"Relance facture impay\xe9e"', id: '"<e2@x>"' }).replace('Anna', 'Ren\xe9'),
          'latin1',
        ),
      }),
    ],
  },
  extraparen: middle(
    plain(2, { structure: '("text" "plain" ("charset" "utf-8") NIL NIL "8bit" 8 1 NIL NIL NIL NIL))' }),
  ),
  hugelit: {
    ...middle(plain(2, { body: 'x'.repeat(5_000_000) })),
    on: eachFetched((mail, number, items) => [answerFetch(mail, number, withoutPartial(items))], /</),
  },
  overquota: {
    messages: many(3),
    on: refuse('UID FETCH', 'NO [OVERQUOTA] Account exceeded command or bandwidth limits. (Failure) ab12'),
  },
  exthrottle: {
    messages: many(3),
    on: refuse('UID FETCH', 'BAD Request is throttled. Suggested Backoff Time: 20 milliseconds'),
  },
});

/** More servers of the same kinds. */
export const moreAccounts = (): Record<string, QuirkAccount> => ({
  /** SEARCH leaves out the middle, without a word; the UIDs have gaps. */
  middlecut: {
    messages: Array.from({ length: 60 }, (_, index) => plain(index * 1_000 + 7)),
    on: cutSearch((uids) => [...uids.slice(0, 10), ...uids.slice(-10)]),
  },
  /** RFC 9738: no command names or returns more than 20 messages, always the newest. */
  messagelimit: {
    messages: many(70),
    on: (command) => {
      const limit = 20;
      if (command.command === 'UID SEARCH')
        return cutSearch((uids) => uids.slice(-limit), 'OK [MESSAGELIMIT 20 51] cut')(command);
      const { items, some } = asked(command);
      if (command.command !== 'UID FETCH' || some.length <= limit) return false;
      const kept = some.slice(-limit);
      for (const { mail, number } of kept) command.send(answerFetch(mail, number, items));
      command.send(`${command.tag} OK [MESSAGELIMIT 20 ${kept[0]?.mail.uid}] cut`);
      return true;
    },
  },
  /** FETCH returns at most 7 messages, and says nothing about it. */
  silentlimit: {
    messages: many(25),
    on: (command) => {
      const { items, some } = asked(command);
      if (command.command !== 'UID FETCH' || some.length <= 7) return false;
      for (const { mail, number } of some.slice(0, 7)) command.send(answerFetch(mail, number, items));
      command.send(`${command.tag} OK`);
      return true;
    },
  },
  /** EXISTS counts four messages that nobody can get. */
  existsmore: { messages: many(5), exists: 9 },
  /** Neither EXAMINE nor STATUS knows UIDNEXT, and SEARCH is refused. */
  nothingsaid: { messages: many(4), uidNext: null, on: refuse('UID SEARCH', 'NO Search is not possible') },
  /** FETCH answers OK with no data at all. */
  fetchempty: { messages: many(4), on: refuse('UID FETCH', 'OK', (args) => /ENVELOPE/.test(args)) },
  /** Each data item comes in a response of its own, flags last. */
  itemwise: {
    messages: many(3),
    on: eachFetched((mail, number, items) =>
      [
        'ENVELOPE',
        'INTERNALDATE',
        'BODYSTRUCTURE',
        'RFC822.SIZE',
        items.replace(/^[^[]*?(?=BODY\.PEEK)/, ''),
        'FLAGS',
      ].map((item) => answerFetch(mail, number, item)),
    ),
  },
  /** No FETCH response bears a UID. */
  neveruid: {
    messages: many(3),
    on: eachFetched((mail, number, items) => [
      edited(answerFetch(mail, number, items), (line) => line.replace(/UID \d+ /, '')),
    ]),
  },
  /** The structure is a string, and the text is under TEXT only. */
  stringstruct: middle(
    plain(2, { structure: '"text/plain"', parts: { TEXT: Buffer.from('caf\xe9', 'latin1') } }),
  ),
  /** The parts of a multipart are NIL within it, and the text is in the whole only. */
  nilparts: middle(
    plain(2, {
      structure: '((NIL NIL NIL NIL NIL NIL NIL NIL) NIL "alternative" NIL NIL NIL NIL)',
      parts: { '': Buffer.from('Content-Type: text/html\r\n\r\n<p>In the whole</p>') },
    }),
  ),
  /** The server says a size and gives an empty string, for ever. */
  emptytext: middle(plain(2, text(''))),
  /** The envelope is NIL, and the header says it all. */
  headeronly: middle(
    plain(2, {
      envelope: 'NIL',
      headers: Buffer.from(
        'From: "Weiss, Ren\xe9" <rene@kunde.example>\r\nSubject: Re: Relance impay\xe9e\r\nMessage-ID: <h2@kunde.example>\r\nIn-Reply-To: <ours@x>\r\n\r\n',
        'latin1',
      ),
    }),
  ),
  /** FETCH never says ENVELOPE or BODYSTRUCTURE. */
  neverdescribed: {
    messages: many(3),
    on: eachFetched((mail, number, items) => [
      answerFetch(mail, number, items.replace(/ENVELOPE|BODYSTRUCTURE/g, '')),
    ]),
  },
  /** Texts come as quoted strings. */
  quotedtext: {
    messages: many(3),
    on: eachFetched(
      (mail, number) => [`* ${number} FETCH (UID ${mail.uid} BODY[1]<0> "Hello ${mail.uid}")`],
      /BODY\.PEEK\[1\]/,
    ),
  },
  /** Item names in small letters, and literals in the form of RFC 3516. */
  lowercase: {
    messages: many(3),
    on: eachFetched(
      (mail, number, items) => [
        edited(answerFetch(mail, number, items), (line) =>
          line
            .replace(/UID|FLAGS|INTERNALDATE|RFC822\.SIZE|ENVELOPE|BODYSTRUCTURE/g, (name) =>
              name.toLowerCase(),
            )
            .replace(/ \{/g, ' ~{'),
        ),
      ],
      /./,
    ),
  },
  /** SEARCH leaves out both ends. */
  bothends: { messages: many(60), on: cutSearch((uids) => uids.slice(10, -10)) },
  /** SEARCH is refused as busy for one folder of the account only. */
  inuse: { messages: many(2), on: refuse('EXAMINE', 'NO [INUSE] Mailbox in use') },
  tempfail: { messages: many(30), on: failsAt(17, 'NO [TEMPFAIL] FETCH Temporary failure') },
  serverbug: { messages: many(30), on: failsAt(17, 'NO [SERVERBUG] Internal error') },
  /** The sent folder has been renamed. */
  renamed: { messages: many(2) },
});
