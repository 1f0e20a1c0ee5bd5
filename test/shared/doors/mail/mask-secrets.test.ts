import { describe, expect, it } from 'vitest';
import { failureOf } from '../../../../shared/domains/inbox/imap/failure.ts';
import { maskSecrets } from '../../../../shared/doors/mail/mask-secrets.ts';

const PASSWORD = 'Tr0ub4dor "&3"é';
const TOKEN = 'ya29.A0AfH6SMBx-very_long/token+value==';
const base64 = (text: string) => Buffer.from(text).toString('base64');
const hex = (text: string) => Buffer.from(text).toString('hex');
const bytes = (text: string, encode: (byte: string) => string) =>
  [...Buffer.from(text)].map((byte) => encode(byte.toString(16).padStart(2, '0'))).join('');

/** The line that a client sends, by its mechanism. */
const LINES: readonly [string, string][] = [
  ['LOGIN', `A1 LOGIN "u@x.test" "${PASSWORD.replace(/["\\]/g, '\\$&')}"`],
  ['PLAIN', `A1 AUTHENTICATE PLAIN ${base64(`\0u@x.test\0${PASSWORD}`)}`],
  ['XOAUTH2', `A1 AUTHENTICATE XOAUTH2 ${base64(`user=u@x.test\x01auth=Bearer ${TOKEN}\x01\x01`)}`],
  ['a password alone', PASSWORD],
  ['a token alone', TOKEN],
];
const ENCODINGS: readonly [string, (line: string) => string][] = [
  ['as it is', (line) => line],
  ['base64', base64],
  ['base64url', (line) => Buffer.from(line).toString('base64url')],
  ['hexadecimal', hex],
  ['hexadecimal with spaces', (line) => bytes(line, (byte) => `${byte} `)],
  ['percent signs', (line) => bytes(line, (byte) => `%${byte}`)],
  ['quoted-printable', (line) => bytes(line, (byte) => `=${byte.toUpperCase()}`)],
  ['escapes of JSON', (line) => bytes(line, (byte) => `\\u00${byte}`)],
  ['references of HTML', (line) => bytes(line, (byte) => `&#x${byte};`)],
];

/** Returns the secrets that a text shows, plainly or through one decoding. */
function shown(text: string): string[] {
  const views = [
    text,
    ...(text.match(/[A-Za-z0-9+/_-]+/g) ?? []).flatMap((run) => [
      Buffer.from(run, 'base64').toString(),
      Buffer.from(run, 'hex').toString(),
    ]),
  ];
  return [PASSWORD, TOKEN].filter((secret) => views.some((view) => view.includes(secret)));
}

describe('the words of a server that repeats a command', () => {
  const all = LINES.flatMap(([mechanism, line]) =>
    ENCODINGS.map(([encoding, encode]) => [mechanism, encoding, encode(line)] as const),
  );
  it.each(all)('show no secret of %s in %s', (_mechanism, _encoding, echo) => {
    const responseText = `[AUTHENTICATIONFAILED] refused: ${echo}`;
    const { detail } = failureOf(Object.assign(new Error('x'), { responseText }), null, [PASSWORD, TOKEN]);
    expect(shown(detail)).toEqual([]);
    expect(detail).not.toContain(echo);
  });

  it('keep what helps: the reason, and the address of a page', () => {
    const said =
      '[AUTHENTICATIONFAILED] Application-specific password required: https://support.google.com/accounts/answer/185833';
    expect(maskSecrets(said, [PASSWORD])).toBe(said);
  });
});
