import type { DocumentReference } from '@google-cloud/firestore';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { noUsage } from '../../../../shared/doors/cost.ts';
import { standingClaim } from '../../../../shared/doors/mail/claim-documents.ts';
import {
  CLAIM_LEASE_MS,
  type ClaimState,
  type Claims,
  resume,
} from '../../../../shared/doors/mail/claims.ts';
import { TIMEOUTS } from '../../../../shared/doors/mail/converse.ts';
import { documentClaims } from '../../../../shared/doors/mail/document-claims.ts';
import type { Mail } from '../../../../shared/doors/mail/message.ts';
import { settleOrphans } from '../../../../shared/doors/mail/orphans.ts';
import { Post, type PostOptions } from '../../../../shared/doors/mail/post.ts';
import type { MailConfig } from '../../../../shared/doors/mail/settings.ts';
import { sendTestMail } from '../../../../shared/doors/mail/test-mail.ts';
import { type SmtpFaults, startSmtpFaults } from '../../../support/smtp-faults.ts';
import { clear, NOW, startWorld, type World } from '../../../support/world.ts';

let world: World;
let faults: SmtpFaults;

beforeAll(async () => {
  world = await startWorld();
  faults = await startSmtpFaults(world.smtp);
});
afterAll(async () => {
  await faults.stop();
  await world.stop();
});
beforeEach(async () => {
  world.clock.set(NOW);
  world.smtp.clear();
  world.logs.length = 0;
  faults.fault = null;
  await clear(world.store, 'claims');
});

const doc = (name: string) => world.store.collection('claims').doc(name);
const context = () => ({ store: world.store, clock: world.clock });
const mailTo = (address: string, key = address): Mail => ({
  key,
  to: { address },
  locale: 'en',
  subject: key,
  text: 'text',
  html: '<p>text</p>',
});

function post(changes: Partial<MailConfig> = {}, options: Partial<PostOptions> = {}): Post {
  const config = { ...(world.deps.config.mail as MailConfig), port: faults.port, ...changes };
  return new Post({ config, clock: world.clock, log: world.deps.log, meter: noUsage(), ...options });
}

/** Claims on fresh documents, as a run does that found none. */
const claims = (...refs: DocumentReference[]): Claims =>
  documentClaims(
    context(),
    refs.map((ref) => ({ ref, standing: null, fields: { about: ref.id } })),
  );
const stateOf = async (ref: DocumentReference) => (await ref.get()).get('state') as ClaimState | undefined;
const arrived = () => world.smtp.mails().map(({ to }) => to[0]);

describe('what to do about a claim that is there', () => {
  const at = (ageMs: number) => NOW.getTime() - ageMs;
  it.each<[ClaimState | null, number | null, ReturnType<typeof resume>]>([
    [null, null, 'take'],
    ['claimed', at(0), 'wait'],
    ['claimed', at(CLAIM_LEASE_MS - 1), 'wait'],
    ['claimed', at(CLAIM_LEASE_MS), 'take'],
    ['claimed', null, 'take'],
    ['claimed', at(-5_000), 'wait'],
    ['sending', at(0), 'wait'],
    ['sending', at(CLAIM_LEASE_MS - 1), 'wait'],
    ['sending', at(CLAIM_LEASE_MS), 'unknown'],
    ['sending', null, 'unknown'],
    ['sent', at(CLAIM_LEASE_MS * 9), 'done'],
    ['failed', at(CLAIM_LEASE_MS * 9), 'done'],
    ['unknown', at(CLAIM_LEASE_MS * 9), 'done'],
  ])('%s since %s: %s', (state, claimedAt, expected) => {
    expect(resume(state && { state, claimedAt }, NOW)).toBe(expected);
  });

  it('gives a delivery less time than its claim lasts', () => {
    expect(TIMEOUTS.whole).toBeLessThan(CLAIM_LEASE_MS);
  });
});

describe('a mail that is sent once', () => {
  it('is claimed, sent and settled, with its Message-ID in the claim', async () => {
    const result = await post().sendOnce(mailTo('ada@example.test'), claims(doc('a')));
    expect(result).toMatchObject({ outcome: 'sent' });
    const stored = await doc('a').get();
    expect(stored.data()).toMatchObject({
      about: 'a',
      state: 'sent',
      message_id: world.smtp.mails()[0]?.message_id,
      response: expect.stringMatching(/^250 /),
    });
    expect(stored.get('sent_at').toDate()).toEqual(NOW);
  });

  it('leaves at most one mail when 50 try at the same time', async () => {
    const tries = Array.from({ length: 50 }, () =>
      post().sendOnce(mailTo('ada@example.test'), claims(doc('a'))),
    );
    const outcomes = (await Promise.all(tries)).map(({ outcome }) => outcome);
    expect(outcomes.filter((outcome) => outcome === 'sent')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'taken')).toHaveLength(49);
    expect(arrived()).toEqual(['ada@example.test']);
  });

  it('claims 1,000 documents or none of them', async () => {
    const refs = Array.from({ length: 1_000 }, (_, index) => doc(`row-${index}`));
    await doc('row-777').set({ state: 'sent' });
    expect(await post().sendOnce(mailTo('ada@example.test'), claims(...refs))).toEqual({ outcome: 'taken' });
    expect((await world.store.collection('claims').count().get()).data().count).toBe(1);
    await doc('row-777').delete();
    expect(await post().sendOnce(mailTo('ada@example.test'), claims(...refs))).toMatchObject({
      outcome: 'sent',
    });
    const sent = world.store.collection('claims').where('state', '==', 'sent');
    expect((await sent.count().get()).data().count).toBe(1_000);
    expect(arrived()).toHaveLength(1);
  });

  it('has companions that are written with the claim, or not at all', async () => {
    const companion = doc('followup');
    await companion.set({ level: 0 });
    const stale = (await companion.get()).updateTime;
    await companion.update({ status: 'paid' });
    const documents = [{ ref: doc('send'), standing: null, fields: {} }];
    const take = (lastUpdateTime: typeof stale) =>
      documentClaims(context(), documents, {
        take: (batch) => void batch.update(companion, { level: 1 }, lastUpdateTime ? { lastUpdateTime } : {}),
      });
    expect(await post().sendOnce(mailTo('ada@example.test'), take(stale))).toEqual({ outcome: 'taken' });
    expect((await doc('send').get()).exists).toBe(false);
    const fresh = (await companion.get()).updateTime;
    expect(await post().sendOnce(mailTo('ada@example.test'), take(fresh))).toMatchObject({ outcome: 'sent' });
    expect((await companion.get()).get('level')).toBe(1);
  });

  it.each<[string, string, ClaimState | undefined]>([
    ['refused for good', '550 5.1.1 No such user', 'failed'],
    ['refused for now', '450 4.2.1 Mailbox busy', undefined],
    ['stopped by a quota', '550 5.4.5 Daily user sending quota exceeded', undefined],
  ])('that is %s leaves the claim %s -> %s', async (_title, reply, state) => {
    faults.fault = { at: 'rcpt', how: { reply } };
    await post().sendOnce(mailTo('ada@example.test'), claims(doc('a')));
    expect(await stateOf(doc('a'))).toBe(state);
  });

  it('whose answer was lost is unknown, and stays so', async () => {
    faults.fault = { at: 'answer', how: 'close' };
    const result = await post().sendOnce(mailTo('ada@example.test'), claims(doc('a')));
    expect(result).toMatchObject({ outcome: 'unknown', messageId: world.smtp.mails()[0]?.message_id });
    const stored = await doc('a').get();
    expect(resume(standingClaim(stored), new Date(NOW.getTime() + 86_400_000))).toBe('done');
  });
});

describe('a claim whose owner is slow', () => {
  /** Returns the step of a second run that finds this orphan. */
  const takeOver = async (name: string) => {
    const standing = await doc(name).get();
    return documentClaims(context(), [{ ref: doc(name), standing, fields: {} }]);
  };

  it('may be taken over before the body, and then the slow one sends nothing', async () => {
    const slow = claims(doc('a'));
    const wrapped: Claims = {
      take: (id) => slow.take(id),
      sending: async () => {
        world.clock.advance(CLAIM_LEASE_MS);
        faults.fault = null;
        const second = await post().sendOnce(mailTo('ada@example.test'), await takeOver('a'));
        expect(second).toMatchObject({ outcome: 'sent' });
        return await slow.sending();
      },
      settle: (settlement) => slow.settle(settlement),
      renew: () => slow.renew(),
      withdraw: () => slow.withdraw(),
      release: () => slow.release(),
    };
    expect(await post().sendOnce(mailTo('ada@example.test'), wrapped)).toEqual({ outcome: 'taken' });
    expect(arrived()).toHaveLength(1);
    expect(await stateOf(doc('a'))).toBe('sent');
  });

  it('that has waited long for its turn is no orphan while it sends', async () => {
    const slow = claims(doc('a'));
    let seen: ReturnType<typeof resume> | null = null;
    const wrapped: Claims = {
      take: async (id) => {
        const taken = await slow.take(id);
        world.clock.advance(CLAIM_LEASE_MS);
        return taken;
      },
      sending: () => slow.sending(),
      settle: async (settlement) => {
        seen = resume(standingClaim(await doc('a').get()), world.clock());
        await slow.settle(settlement);
      },
      renew: () => slow.renew(),
      withdraw: () => slow.withdraw(),
      release: () => slow.release(),
    };
    expect(await post().sendOnce(mailTo('ada@example.test'), wrapped)).toMatchObject({ outcome: 'sent' });
    expect(seen).toBe('wait');
  });

  it('that is taken for dead while it sends: its own answer corrects the unknown', async () => {
    const slow = claims(doc('a'), doc('b'));
    const wrapped: Claims = {
      take: (id) => slow.take(id),
      sending: () => slow.sending(),
      settle: async (settlement) => {
        world.clock.advance(CLAIM_LEASE_MS);
        const orphan = await doc('a').get();
        expect(resume(standingClaim(orphan), world.clock())).toBe('unknown');
        expect(await settleOrphans(context(), [orphan])).toBe(1);
        await slow.settle(settlement);
      },
      renew: () => slow.renew(),
      withdraw: () => slow.withdraw(),
      release: () => slow.release(),
    };
    await post().sendOnce(mailTo('ada@example.test'), wrapped);
    expect([await stateOf(doc('a')), await stateOf(doc('b'))]).toEqual(['sent', 'sent']);
  });

  it('records its end even when the store answers only the third time', async () => {
    const inner = claims(doc('a'));
    let tries = 0;
    const wrapped: Claims = {
      take: (id) => inner.take(id),
      sending: () => inner.sending(),
      settle: async (settlement) => {
        tries += 1;
        if (tries < 3) throw new Error('the store is away');
        await inner.settle(settlement);
      },
      renew: () => inner.renew(),
      withdraw: () => inner.withdraw(),
      release: () => inner.release(),
    };
    await post().sendOnce(mailTo('ada@example.test'), wrapped);
    expect([tries, await stateOf(doc('a'))]).toEqual([3, 'sent']);
  });
});

const send = (from: Post, name: string) => from.sendOnce(mailTo(`${name}@example.test`), claims(doc(name)));

describe('a run’s mail', () => {
  const alerts = () => world.logs.filter((line) => line.includes('mail_system'));

  it('goes on after one recipient of five that is refused', async () => {
    world.smtp.refuse('bob@example.test', 550);
    const run = post();
    const outcomes: string[] = [];
    for (const name of ['ada', 'bob', 'cid', 'dan', 'eve']) outcomes.push((await send(run, name)).outcome);
    expect(outcomes).toEqual(['sent', 'failed', 'sent', 'sent', 'sent']);
    expect(arrived()).toEqual(['ada', 'cid', 'dan', 'eve'].map((name) => `${name}@example.test`));
    expect(alerts()).toHaveLength(0);
  });

  it('stops at a fault of the system: nothing more is claimed or tried, and it is said once', async () => {
    faults.fault = { at: 'auth', how: { reply: '535 5.7.8 Username and Password not accepted' } };
    const run = post({ login: { user: 'ronde', password: 'a-secret-of-mine' } });
    expect(await send(run, 'ada')).toMatchObject({ outcome: 'system' });
    faults.fault = null;
    expect(await send(run, 'bob')).toEqual({ outcome: 'stopped', reason: 'mail_system' });
    expect(run.fault).toMatchObject({ outcome: 'system', phase: 'auth' });
    expect((await world.store.collection('claims').get()).size).toBe(0);
    expect(alerts()).toHaveLength(1);
    expect(world.logs.join()).not.toContain('a-secret-of-mine');
  });

  it('stops after three deliveries in a row without an answer, and not after two', async () => {
    const run = post();
    faults.fault = { at: 'greeting', how: 'close' };
    for (const name of ['ada', 'bob']) expect(await send(run, name)).toMatchObject({ outcome: 'retry' });
    faults.fault = null;
    expect(await send(run, 'cid')).toMatchObject({ outcome: 'sent' });
    faults.fault = { at: 'greeting', how: 'close' };
    for (const name of ['dan', 'eve', 'fay'])
      expect(await send(run, name)).toMatchObject({ outcome: 'retry' });
    expect(await send(run, 'gus')).toEqual({ outcome: 'stopped', reason: 'mail_system' });
  });

  it('is not begun with less than three seconds of the budget left', async () => {
    const run = post({}, { deadline: new Date(NOW.getTime() + 10_000) });
    expect(await send(run, 'ada')).toMatchObject({ outcome: 'sent' });
    world.clock.advance(7_001);
    expect(await send(run, 'bob')).toEqual({ outcome: 'stopped', reason: 'budget' });
    expect(await stateOf(doc('bob'))).toBe(undefined);
  });

  it('is neither claimed nor sent while EMAIL_PAUSED', async () => {
    expect(await send(post({ paused: true }), 'ada')).toEqual({ outcome: 'paused' });
    expect([await stateOf(doc('ada')), arrived()]).toEqual([undefined, []]);
  });

  it('goes to EMAIL_REDIRECT_TO alone', async () => {
    const run = post({ redirectTo: 'staging@ronde.test' });
    for (const name of ['ada', 'bob']) await send(run, name);
    expect(arrived()).toEqual(['staging@ronde.test', 'staging@ronde.test']);
    expect((await doc('ada').get()).get('redirected_to')).toBe('staging@ronde.test');
  });
});

describe('more mails than dialogues at a time', () => {
  const NAMES = Array.from({ length: 20 }, (_, index) => `many-${index}`);
  const DIALOGUES = 8;

  /**
   * Twenty mails, of which eight are in a dialogue with a server that is silent until the gate opens. A mail before them
   * opens the eight.
   */
  async function begin(run: Post) {
    await send(run, 'first');
    await doc('first').delete();
    world.smtp.clear();
    const gate = Promise.withResolvers<void>();
    let claimed = 0;
    faults.fault = { at: 'greeting', how: { until: gate.promise } };
    const sends = NAMES.map((name) => {
      const inner = claims(doc(name));
      const wrapped: Claims = {
        take: async (id) => {
          const taken = await inner.take(id);
          claimed += 1;
          return taken;
        },
        sending: () => inner.sending(),
        settle: (settlement) => inner.settle(settlement),
        renew: () => inner.renew(),
        withdraw: () => inner.withdraw(),
        release: () => inner.release(),
      };
      return run.sendOnce(mailTo(`${name}@example.test`), wrapped);
    });
    await vi.waitFor(() => expect([claimed, faults.open()]).toEqual([NAMES.length, DIALOGUES]), 10_000);
    return { open: gate.resolve, outcomes: Promise.all(sends) };
  }
  const left = async () => (await world.store.collection('claims').get()).size;

  it('wait for their turn, claimed already, and all go', async () => {
    const { open, outcomes } = await begin(post());
    faults.fault = null;
    open();
    expect(new Set((await outcomes).map(({ outcome }) => outcome))).toEqual(new Set(['sent']));
    expect(new Set(arrived()).size).toBe(NAMES.length);
  });

  it('give their claims back when the mail system turns out to be at fault before their turn', async () => {
    const { open, outcomes } = await begin(post({ login: { user: 'ronde', password: 'a-secret-of-mine' } }));
    faults.fault = { at: 'auth', how: { reply: '535 5.7.8 Username and Password not accepted' } };
    open();
    const found = (await outcomes).map(({ outcome }) => outcome);
    expect(found.filter((outcome) => outcome === 'stopped').length).toBeGreaterThanOrEqual(12);
    expect(new Set(found)).toEqual(new Set(['system', 'stopped']));
    expect([await left(), arrived()]).toEqual([0, []]);
  });

  it('give their claims back when the budget ends before their turn', async () => {
    const { open, outcomes } = await begin(post({}, { deadline: new Date(NOW.getTime() + 60_000) }));
    world.clock.advance(58_000);
    faults.fault = null;
    open();
    const found = (await outcomes).map((result) => ('reason' in result ? result.reason : result.outcome));
    expect([...found].sort()).toEqual([...Array(12).fill('budget'), ...Array(8).fill('sent')]);
    expect([await left(), arrived().length]).toEqual([8, 8]);
  });
});

describe('a test mail', () => {
  it.each(['fr', 'en'] as const)('is sent and reported in plain words (%s)', async (locale) => {
    const report = await sendTestMail(post(), ' Ada@example.test', locale);
    expect(report).toMatchObject({ ok: true, outcome: 'sent', to: 'ada@example.test' });
    expect(report.message).toContain(locale === 'fr' ? 'a accepté' : 'has accepted');
    expect(world.smtp.mails()[0]?.subject).toMatch(locale === 'fr' ? /Essai/ : /Test mail/);
  });

  it('says that the login is wrong without saying the password', async () => {
    faults.fault = { at: 'auth', how: { reply: '535 5.7.8 Username and Password not accepted' } };
    const report = await sendTestMail(
      post({ login: { user: 'ronde', password: 'a-secret-of-mine' } }),
      'ada@example.test',
      'fr',
    );
    expect(report).toMatchObject({ ok: false, outcome: 'system', response: expect.stringContaining('535') });
    expect(report.message).toContain('EMAIL_HOST_PASSWORD');
    expect(JSON.stringify(report)).not.toContain('a-secret-of-mine');
  });

  it.each([
    ['rcpt', '550 5.1.1 No such user', 'failed', /ada@example\.test/],
    ['rcpt', '450 4.2.1 Mailbox busy', 'retry', /try again/],
    ['mail', '550 5.7.1 Sender refused', 'system', /DEFAULT_FROM_EMAIL/],
  ] as const)('at %s with "%s" is reported as %s', async (at, reply, outcome, words) => {
    faults.fault = { at, how: { reply } };
    const report = await sendTestMail(post(), 'ada@example.test', 'en');
    expect(report).toMatchObject({ ok: false, outcome });
    expect(report.message).toMatch(words);
  });

  it('to what is no address is refused before anything is sent', async () => {
    await expect(sendTestMail(post(), 'ada', 'en')).rejects.toThrow('is not an e-mail address');
    expect(await sendTestMail(post({ paused: true }), 'ada@example.test', 'en')).toMatchObject({ ok: false });
  });
});
