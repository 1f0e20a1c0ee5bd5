import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failureOf } from '../../../../shared/domains/inbox/imap/failure.ts';
import { UidSet } from '../../../../shared/domains/inbox/imap/uid-set.ts';
import {
  messageIdsIn,
  parseHeaders,
  referencesOf,
} from '../../../../shared/domains/inbox/message/headers.ts';
import { documentIdOf, folderKey } from '../../../../shared/domains/inbox/message/identity.ts';
import { readMessage } from '../../../../shared/domains/inbox/message/message.ts';
import { shapeOf } from '../../../../shared/domains/inbox/message/structure.ts';
import {
  AUTH_FAILURES,
  afterFailure,
  afterSuccess,
  HEALTHY,
  isDue,
} from '../../../../shared/doors/account/health.ts';
import { isPublicAddress } from '../../../../shared/doors/account/public-address.ts';
import { SealBroken, seal, unseal } from '../../../../shared/doors/account/sealed.ts';

const NOW = new Date('2026-03-04T10:00:00.000Z');
const uids = fc.uniqueArray(fc.integer({ min: 1, max: 60 }));

describe('a set of UIDs', () => {
  it('is what a set of numbers is', () => {
    fc.assert(
      fc.property(uids, uids, (one, other) => {
        const [a, b] = [new Set(one), new Set(other)];
        const sorted = (set: Iterable<number>) => [...set].sort((x, y) => x - y);
        expect([...UidSet.of(one)]).toEqual(sorted(a));
        expect([...UidSet.of(one).with(other)]).toEqual(sorted(new Set([...a, ...b])));
        expect([...UidSet.of(one).without(UidSet.of(other))]).toEqual(
          sorted([...a].filter((uid) => !b.has(uid))),
        );
        expect([...UidSet.of(one).and(UidSet.of(other))]).toEqual(sorted([...a].filter((uid) => b.has(uid))));
        expect(UidSet.of(one).size).toBe(a.size);
        for (let uid = 0; uid <= 61; uid += 1) expect(UidSet.of(one).has(uid)).toBe(a.has(uid));
        expect(UidSet.parse(UidSet.of(one).toString()).toString()).toBe(UidSet.of(one).toString());
      }),
    );
  });

  it('takes the largest UID there is, and stays small', () => {
    const set = UidSet.parse('1:4294967294').with([4_294_967_295]);
    expect([set.toString(), set.size]).toEqual(['1:4294967295', 4_294_967_295]);
  });

  it.each(['0', '5:3', 'a', '1,,2', '1:*', '-1', '1.5'])('%j is refused', (text) => {
    expect(() => UidSet.parse(text)).toThrow('is no UID');
  });
});

describe("a message's identity", () => {
  const identity = { orgId: 'o', integrationId: 'i', folder: 'INBOX', uidValidity: '1', uid: 1 };
  it('differs where any part of it does, however its parts are cut', () => {
    const ids = [
      identity,
      { ...identity, uid: 11 },
      { ...identity, uidValidity: '11' },
      { ...identity, folder: 'INBOX2' },
      { ...identity, orgId: 'oi', integrationId: '' },
      { ...identity, integrationId: 'j' },
    ].map(documentIdOf);
    expect(new Set(ids).size).toBe(ids.length);
    expect(documentIdOf({ ...identity })).toBe(ids[0]);
    for (const path of ['__proto__', 'a/b', '..', 'é'.repeat(2000)])
      expect(folderKey(path)).toMatch(/^[\w-]{43}$/);
  });
});

describe('headers', () => {
  it('are unfolded, compared by lower-case name, and kept apart', () => {
    const headers = parseHeaders(
      'References: <a@x>\r\n <b@x>\r\nX-A: 1\r\nx-a: 2\r\nnonsense\r\n__proto__: 3\r\n',
    );
    expect(headers.get('references')).toEqual(['<a@x> <b@x>']);
    expect(headers.get('x-a')).toEqual(['1', '2']);
    expect(headers.get('__proto__')).toEqual(['3']);
  });

  it('give the references of a message: its ancestors, each once, without itself', () => {
    const headers = parseHeaders('References: <a@x> (comment) <b@x> <a@x>\r\n');
    expect(referencesOf(headers, '<c@x>', '<b@x>')).toEqual(['<a@x>', '<c@x>']);
    const many = Array.from({ length: 200 }, (_, index) => `<${index}@x>`).join(' ');
    const kept = referencesOf(parseHeaders(`References: ${many}`), undefined, undefined);
    expect([kept.length, kept[0], kept.at(-1)]).toEqual([50, '<0@x>', '<199@x>']);
    expect(messageIdsIn(`<${'a'.repeat(2000)}@x> <ok@x>`)).toEqual(['<ok@x>']);
  });
});

describe('the shape of a message', () => {
  it('its text is what is shown, its attachments the rest', () => {
    const shape = shapeOf({
      type: 'multipart/mixed',
      childNodes: [
        {
          type: 'multipart/alternative',
          childNodes: [
            { type: 'text/plain', part: '1.1', size: 5, parameters: { charset: 'utf-8' } },
            { type: 'text/html', part: '1.2', size: 9 },
          ],
        },
        { type: 'image/png', part: '2', size: 7, id: '<1>' },
        {
          type: 'text/plain',
          part: '3',
          size: 4,
          disposition: 'attachment',
          dispositionParameters: { filename: '../../etc/a\u202etxt' },
        },
        { type: 'message/rfc822', part: '4', size: 4, envelope: { messageId: '<in@x>' } },
      ],
    });
    expect(shape.texts.map(({ part, kind }) => [part, kind])).toEqual([
      ['1.1', 'plain'],
      ['1.2', 'html'],
    ]);
    expect(shape.attachments).toMatchObject([
      { part: '2', inline: true, filename: null },
      { part: '3', inline: false, filename: 'atxt' },
      { part: '4', mime_type: 'message/rfc822' },
    ]);
    expect(shape.enclosed).toBe('<in@x>');
  });

  it('its text is all that stands for itself, and of what is said in several forms the plain one', () => {
    const leaf = (type: string, part: string) => ({ type, part, size: 20, disposition: 'inline' });
    const mixed = (...childNodes: object[]) => ({ type: 'multipart/mixed', childNodes });
    const alternative = (...childNodes: object[]) => ({ type: 'multipart/alternative', childNodes });
    const said = (structure: object, parts: Record<string, string>) => {
      const shape = shapeOf(structure as Parameters<typeof shapeOf>[0]);
      const bytes = new Map(Object.entries(parts).map(([part, text]) => [part, Buffer.from(text)]));
      const outline = { uid: 1, message: { seq: 1, uid: 1 }, shape, bytes: 0 };
      return readMessage(outline as Parameters<typeof readMessage>[0], bytes, NOW).fields['text'];
    };
    const both = alternative(leaf('text/plain', '1.1'), leaf('text/html', '1.2'));
    const two = { '1.1': 'Plain', '1.2': '<p>Rich</p>' };
    expect(said(both, two)).toBe('Plain');
    expect(said(both, { ...two, '1.1': ' ' })).toBe('Rich');
    const footer = leaf('text/plain', '2');
    expect(said(mixed(both, footer), { ...two, '2': 'List' })).toBe('Plain\n\nList');
    expect(said(mixed(leaf('text/html', '1'), footer), { '1': '<p>Rich</p>', '2': 'List' })).toBe(
      'Rich\n\nList',
    );
    const nested = alternative(leaf('text/plain', '1.1'), {
      type: 'multipart/related',
      childNodes: [leaf('text/html', '1.2')],
    });
    expect(said(mixed(nested, leaf('text/html', '2')), { ...two, '2': 'More' })).toBe('Plain\n\nMore');
  });

  it('a message of one part has the part 1; a hostile one is bounded', () => {
    expect(shapeOf({ type: 'text/plain' }).texts).toMatchObject([{ part: '1' }]);
    const many = {
      type: 'multipart/mixed',
      childNodes: Array.from({ length: 5000 }, () => ({ type: 'text/plain' })),
    };
    const shape = shapeOf(many);
    expect([shape.texts.length, shape.attachments.length]).toEqual([8, 100]);
    let deep: Parameters<typeof shapeOf>[0] = { type: 'text/plain' };
    for (let depth = 0; depth < 5000; depth += 1)
      deep = { type: 'multipart/mixed', childNodes: deep ? [deep] : [] };
    expect(shapeOf(deep).texts).toEqual([]);
  });
});

describe('sealed credentials', () => {
  const [old, recent] = ['o'.repeat(32), 'n'.repeat(32)];
  it('open for their owner only, with the key that sealed them, and never twice alike', () => {
    fc.assert(
      fc.property(fc.string(), (secret) => {
        const sealed = seal(secret, 'a', [recent, old]);
        expect(unseal(sealed, 'a', [recent])).toEqual({ secret, stale: false });
        expect(seal(secret, 'a', [recent])).not.toBe(sealed);
        expect(() => unseal(sealed, 'b', [recent])).toThrow(SealBroken);
        expect(() => unseal(sealed, 'a', [old])).toThrow(SealBroken);
      }),
    );
  });
  it('one bit changed anywhere breaks them', () => {
    const sealed = seal('secret', 'a', [recent]);
    const bytes = Buffer.from(sealed.slice(3), 'base64url');
    for (const index of bytes.keys()) {
      const changed = Buffer.from(bytes);
      changed[index] = (changed[index] as number) ^ 1;
      expect(() => unseal(`v1.${changed.toString('base64url')}`, 'a', [recent])).toThrow(SealBroken);
    }
    for (const broken of ['', 'v1.', 'v2.abc', 'v1.abc'])
      expect(() => unseal(broken, 'a', [recent])).toThrow(SealBroken);
  });
  it('sealed before the key was changed, they open and say that they are stale', () => {
    expect(unseal(seal('s', 'a', [old]), 'a', [recent, old])).toEqual({ secret: 's', stale: true });
    expect(() => seal('s', 'a', [])).toThrow('INBOX_SEALING_KEY');
  });
});

describe('failures', () => {
  const login = (serverResponseCode: string | undefined, responseText: string) =>
    Object.assign(new Error('Command failed'), {
      authenticationFailed: true,
      serverResponseCode,
      responseText,
    });
  it.each([
    ['auth', login('AUTHENTICATIONFAILED', 'Authentication failed.')],
    ['auth', login(undefined, 'Invalid credentials (Failure)')],
    ['busy', login('ALERT', 'Too many simultaneous connections. (Failure)')],
    ['busy', login('UNAVAILABLE', 'Temporary authentication failure.')],
    ['busy', login('LIMIT', 'Maximum number of connections from user+IP exceeded')],
    ['busy', login('AUTHENTICATIONFAILED', 'Internal server error')],
    ['busy', login('TEMPFAIL', 'Authentication failed')],
    ['busy', login('SYS/TEMP', 'LDAP down')],
    ['busy', login(undefined, 'Server is under maintenance')],
    ['busy', login(undefined, 'The server is overloaded')],
    ['busy', login(undefined, 'Serveur indisponible, veuillez réessayer plus tard')],
    ['busy', login(undefined, 'Dienst vorübergehend nicht verfügbar')],
    ['busy', login(undefined, 'Login failed: backend not reachable')],
    ['auth', login('AUTHENTICATIONFAILED', 'Incorrect password. Please try again.')],
    ['auth', login('AUTHENTICATIONFAILED', 'Identifiants incorrects')],
    ['auth', login('EXPIRED', 'Password expired')],
    ['auth', login('ALERT', 'Please generate application-specific credentials for this client')],
    ['auth', Object.assign(login(undefined, ''), { oauthError: { status: '401' } })],
    ['network', Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })],
    ['timeout', Object.assign(new Error('x'), { code: 'CONNECT_TIMEOUT' })],
    ['tls', Object.assign(new Error('self-signed certificate'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })],
    ['protocol', Object.assign(new Error('x'), { code: 'ParserError9' })],
    ['protocol', Object.assign(new Error('x'), { code: 'TooManyTokens' })],
  ])('%s', (kind, error) => {
    expect(failureOf(error, null).kind).toBe(kind);
  });
  it('the event has the cause that the call lacks; a secret that a server repeats is left out', () => {
    const call = Object.assign(new Error('Connection not available'), { code: 'NoConnection' });
    const event = Object.assign(new Error('Socket timeout'), { code: 'ETIMEOUT' });
    expect(failureOf(call, event)).toEqual({ kind: 'timeout', detail: 'Socket timeout' });
    expect(failureOf(login(undefined, 'password hunter2 is wrong'), null, ['hunter2']).detail).toBe(
      'password *** is wrong',
    );
    const repeated = (text: string, secret: string) =>
      failureOf(login(undefined, text), null, [secret]).detail;
    expect(repeated('LOGIN "anna" "a\\"b\\\\c"', 'a"b\\c')).toBe('LOGIN "anna" "***"');
    expect(repeated('LOGIN "anna" "two  spaces"', 'two  spaces')).toBe('LOGIN "anna" "***"');
    expect(repeated(Buffer.from('hunter2').toString('base64'), 'hunter2')).toBe('***');
  });
});

describe('the health of a mailbox', () => {
  const auth = { kind: 'auth', detail: 'no' } as const;
  const network = { kind: 'network', detail: 'gone' } as const;
  it('backs off with each failure, at most an hour, and differently by chance', () => {
    let health = HEALTHY;
    const waits = Array.from({ length: 12 }, () => {
      health = afterFailure(health, network, NOW, 0.5);
      return ((health.nextAttemptAt ?? 0) - NOW.getTime()) / 60_000;
    });
    expect(waits.slice(0, 7)).toEqual([1, 2, 4, 8, 16, 32, 60]);
    expect(Math.max(...waits)).toBe(60);
    const early = afterFailure(HEALTHY, network, NOW, 0).nextAttemptAt;
    expect(early).toBeLessThan(afterFailure(HEALTHY, network, NOW, 1).nextAttemptAt ?? 0);
    expect([isDue(health, NOW), isDue(afterSuccess(health, NOW), NOW)]).toEqual([false, true]);
  });
  it('says auth_failed after refused logins only, since when, and until it works again', () => {
    let health = afterFailure(HEALTHY, network, NOW, 0.5);
    for (let count = 1; count < AUTH_FAILURES; count += 1) health = afterFailure(health, auth, NOW, 0.5);
    expect(health.status).toBe('retrying');
    health = afterFailure(health, auth, NOW, 0.5);
    expect(health).toMatchObject({ status: 'auth_failed', authFailedAt: NOW.getTime() });
    const later = new Date(NOW.getTime() + 1);
    expect(afterFailure(health, network, later, 0.5)).toMatchObject({
      status: 'auth_failed',
      authFailedAt: NOW.getTime(),
    });
    expect(afterSuccess(health, later)).toEqual({ ...HEALTHY, lastSuccessAt: later.getTime() });
  });
});

describe('an address', () => {
  it.each([
    ...[
      '10.1.2.3',
      '127.0.0.1',
      '169.254.169.254',
      '172.31.0.1',
      '192.168.1.1',
      '100.64.0.1',
      '0.0.0.0',
      '224.0.0.1',
    ],
    ...['::1', '::', 'fe80::1', 'fc00::1', '::ffff:10.0.0.1', '64:ff9b::a00:1', '2001:db8::1', 'ff02::1'],
  ])('%s is not public', (address) => expect(isPublicAddress(address)).toBe(false));
  it.each(['8.8.8.8', '172.32.0.1', '100.128.0.1', '2a00:1450:4007::1', '2606:4700::1111'])(
    '%s is public',
    (address) => expect(isPublicAddress(address)).toBe(true),
  );
});
