import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalImap, startImap } from '../../infra/local/imap/imap.ts';
import { followupFields, settingsFields, stamp } from '../support/followups.ts';
import { ANSWERS, type Answer } from '../support/inbox/answers.ts';
import { withoutDovecot } from '../support/inbox/inbox.ts';
import { addIntegration, syncAll } from '../support/inbox/integrations.ts';
import { openMailbox } from '../support/inbox/mailbox.ts';
import { minutes, NOW, seed, startWorld, type World } from '../support/world.ts';

const DAY = minutes(24 * 60);
const SENT_AT = NOW.getTime() - 2 * DAY;
const absent = withoutDovecot();
let world: World;
let imap: LocalImap;
let report: { body: { messages: { new: number } } };

const idOf = ({ name }: Answer) => `f-${name}`;
/** The Message-ID of a reminder, in the form of ours. */
const reminderOf = ({ name }: Answer) => `<${name.padEnd(43, '0')}@ronde.test>`;
/** Each follow-up has a customer of its own, so that mail without references finds one. */
const customerOf = ({ name }: Answer) => `client-${name}@kunde.example`;

beforeAll(async () => {
  world = await startWorld();
  if (absent) return;
  imap = (await startImap({ prefer: 'real', users: ['billing@ronde.test'] })) as LocalImap;
  const [user] = imap.users;
  if (!user) throw new Error('the server has no account');
  await world.store.doc('billing_settings/org-1').set(settingsFields({ reply_to: 'billing@ronde.test' }));
  const rows = ANSWERS.map((answer) => [idOf(answer), rowOf(answer)] as const);
  await seed(world.store, 'followups', new Map(rows));
  const sends = ANSWERS.map((answer) =>
    world.store.doc(`followups/${idOf(answer)}/sends/1`).set({
      ...{ org_id: 'org-1', level: 1, state: 'sent', to: customerOf(answer) },
      ...{ message_id: reminderOf(answer), settled_at: stamp(SENT_AT) },
    }),
  );
  await Promise.all(sends);
  const mailbox = await openMailbox(imap, user);
  for (const answer of ANSWERS) await mailbox.append(rawOf(answer), { date: NOW });
  await mailbox.close();
  await addIntegration(world, imap, user);
  report = await syncAll(world);
}, 120_000);
afterAll(async () => {
  await imap?.stop();
  await world?.stop();
});

function rowOf(answer: Answer) {
  return followupFields({
    source_label: `F-2026-${answer.name}`,
    customer: { name: 'Client', email: customerOf(answer), locale: 'fr' },
    level: 1,
    message_ids: [reminderOf(answer), ...(answer.replacedId ? [answer.replacedId] : [])],
    last_sent_at: stamp(SENT_AT),
    next_due_at: stamp(NOW.getTime() + DAY),
  });
}

const rawOf = (answer: Answer) =>
  answer.raw
    .replaceAll('{MESSAGE_ID}', reminderOf(answer))
    .replaceAll('client@kunde.example', customerOf(answer))
    .replaceAll('{LABEL}', `F-2026-${answer.name}`)
    .replaceAll(/\r?\n/g, '\r\n');

/** The effect in the words of the cases. */
async function effectOn(answer: Answer): Promise<string> {
  const followup = (await world.store.doc(`followups/${idOf(answer)}`).get()).data() ?? {};
  if (followup['status'] !== 'open') return `${followup['status']}/${followup['stop_reason']}`;
  if (followup['paused_until']?.toMillis() > NOW.getTime()) return 'postponed';
  return followup['level'] === 0 ? 'not delivered' : 'open';
}

describe.skipIf(absent)('what comes back after a reminder', () => {
  it('is all stored', () => {
    expect(report.body.messages.new).toBe(ANSWERS.length);
  });

  it.each(ANSWERS.map((answer) => [answer.what, answer] as const))('%s', async (_what, answer) => {
    expect(await effectOn(answer)).toBe(answer.want);
  });

  it('wrongly stops nothing', async () => {
    const wrong: string[] = [];
    for (const answer of ANSWERS) {
      const effect = await effectOn(answer);
      if (effect.startsWith('stopped') && !answer.want.startsWith('stopped')) wrong.push(answer.what);
    }
    expect(wrong).toEqual([]);
  });

  it('is listed for a person to read where it stopped something or is doubtful', async () => {
    const { docs } = await world.store
      .collection('inbox_messages')
      .where('answer.state', '==', 'to_read')
      .get();
    const listed = docs.flatMap((doc) => doc.get('answer.followup_ids') as string[]);
    const stopped = ANSWERS.filter(({ want }) => want === 'stopped/replied').map(idOf);
    expect(listed).toEqual(expect.arrayContaining(stopped));
    const machine = ANSWERS.filter(({ what }) => what === 'Gmail vacation').map(idOf);
    expect(listed).not.toEqual(expect.arrayContaining(machine));
  });
});

it('has its cases', () => {
  const files = JSON.parse(readFileSync('test/cases/answers.json', 'utf8')) as unknown[];
  expect(files).toHaveLength(29);
});
