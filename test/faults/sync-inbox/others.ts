import { startImap } from '../../../infra/local/imap/imap.ts';
import { type ImapFault, type ImapFaults, startImapFaults } from '../../support/inbox/imap-faults.ts';
import { integrationDocument } from '../../support/inbox/integrations.ts';
import { mail } from '../../support/inbox/mailbox.ts';
import { startFunction } from '../function-process.ts';
import { deliver } from '../harness/delivery.ts';
import { type FaultCase, type RunScale, refuse } from '../harness/plan.ts';
import { NAME } from './mailbox-trial.ts';

/** The faults that failing mailboxes have in turn, each with the kind that the run must report. */
const FAULTS: readonly (readonly [ImapFault | 'wrong password' | 'no server', RegExp])[] = [
  ['wrong password', /^auth: /],
  ['no server', /^network: /],
  [{ how: 'refuse' }, /^network: /],
  [{ how: 'cut', afterBytes: 500 }, /^network: /],
  [{ how: 'bye' }, /^network: /],
  [{ how: 'garbage' }, /^(network|protocol|timeout): /],
  [{ how: 'silence' }, /^timeout: /],
  [{ how: 'stall' }, /^(timeout|network): /],
  [{ how: 'login', answer: 'NO [ALERT] Too many simultaneous connections.' }, /^busy: /],
  [{ how: 'login', answer: 'NO [EXPIRED] Token expired' }, /^auth: /],
];
const SIZES: Record<RunScale, { good: number; bad: number }> = {
  sample: { good: 20, bad: FAULTS.length },
  full: { good: 180, bad: 2 * FAULTS.length },
};
const MAILS = 3;
const FIRST = new Date('2026-03-04T10:00:00Z');

/** Mailboxes with every kind of fault among many sound ones, in one run. */
export const others: FaultCase = {
  name: 'others',
  claim: 'failing mailboxes do not affect the others, which are synchronised in the same run',
  runs: { sample: 1, full: 3 },
  async once({ stage, scale, bundles }) {
    await stage.reset();
    const { good, bad } = SIZES[scale];
    const users = Array.from({ length: good + bad }, (_, index) => `user${index}`);
    const imap = await startImap({ prefer: 'real', users });
    if (!imap) throw new Error('Dovecot is not on this machine; install dovecot-imapd.');
    const proxies: ImapFaults[] = [];
    const wanted = new Map<string, RegExp | null>();
    try {
      for (const [index, user] of imap.users.entries()) {
        imap.deliver(
          user.user,
          Array.from({ length: MAILS }, () => mail()),
          () => FIRST,
        );
        const [fault, failure] = index < bad ? (FAULTS[index % FAULTS.length] ?? []) : [];
        let server = { host: imap.host, port: imap.port };
        if (fault === 'no server') server = { host: imap.host, port: 9 };
        else if (fault !== undefined && fault !== 'wrong password') {
          const proxy = await startImapFaults(imap);
          proxy.fault = fault;
          proxies.push(proxy);
          server = proxy;
        }
        const known = fault === 'wrong password' ? { ...user, password: 'not-the-one' } : user;
        const { id, fields } = integrationDocument(stage, server, known);
        await stage.store().doc(`inbox_integrations/${id}`).create(fields);
        wanted.set(id, failure ?? null);
      }
      const child = await startFunction(NAME, bundles, stage.environment);
      const answer = await deliver(child.url, stage, { occurrence: null }).finally(() => child.kill());
      const { synced, failed } = (answer?.body['integrations'] ?? {}) as Record<string, number>;
      const { docs } = await stage.store().collection('inbox_integrations').get();
      const healths = docs.map((doc) => [doc.id, doc.get('health') ?? {}] as const);
      refuse([
        ...(synced === good && failed === bad ? [] : [`answer: ${JSON.stringify(answer?.body)}`]),
        ...healths.flatMap(([id, health]) => findFault(id, health, wanted.get(id) ?? null)),
      ]);
      const { size } = await stage.store().collection('inbox_messages').get();
      // Messages that a failing mailbox stored before its failure count, but may not exceed its mails.
      refuse(
        size >= good * MAILS && size <= (good + bad) * MAILS ? [] : [`lost: ${size} messages are stored`],
      );
      return { synchronised: good, failing: bad };
    } finally {
      await Promise.all(proxies.map((proxy) => proxy.stop()));
      await imap.stop();
    }
  },
};

function findFault(id: string, health: Record<string, unknown>, failure: RegExp | null): string[] {
  const { status, last_error, next_attempt_at } = health;
  if (failure === null)
    return status === 'ok' ? [] : [`wrong: ${id} is sound, but has ${JSON.stringify(health)}`];
  if (status === 'retrying' && failure.test(String(last_error)) && next_attempt_at) return [];
  return [`wrong: ${id} should report ${failure.source}, but has ${JSON.stringify(health)}`];
}
