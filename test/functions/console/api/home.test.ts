import { Timestamp } from '@google-cloud/firestore';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callJson } from '../../../support/call.ts';
import { NOW, seed, startWorld, type World } from '../../../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

const at = Timestamp.fromDate(NOW);

const read = async (path: string) =>
  callJson(world, { token: await world.issuer.userToken('admintest1'), method: 'GET', path });

const followup = (number: number, reason: string | null) => ({
  org_id: 'shop',
  type: 'invoice',
  source_label: `F-${number}`,
  customer: { name: 'Élodie Martin', email: `elodie.${number}@example.test` },
  status: 'open',
  level: 0,
  parked: reason && { reason, at, due_at: at, detail: null },
});

describe('the home page', () => {
  it('says of an empty cloud that nothing is set up and nobody is notified', async () => {
    const { body } = await read('/v1/admin/home');
    expect(body).toMatchObject({
      incidents: [],
      uncertain_reminders: { count: 0, items: [] },
      followups_to_fix: 0,
      set_up: { notified: false, organisations: false, mailboxes: false, recipients: false, visits: false },
    });
  });

  it('counts every matter exactly and names the first five', async () => {
    await seed(
      world.store,
      'followups',
      new Map([
        ...Array.from({ length: 7 }, (_, index): [string, object] => [
          `u-${index}`,
          followup(index, 'unknown_delivery'),
        ]),
        ['bad', followup(10, 'bad_email')] as [string, object],
        ['fine', followup(11, null)] as [string, object],
      ]),
    );
    await world.store
      .doc('inbox_integrations/box')
      .set({ label: 'Billing', host: 'imap.example.test', health: { status: 'auth_failed' } });
    await world.store.doc('settings/watch').set({ operators: ['boss@example.test'] });
    const { body } = await read('/v1/admin/home');
    expect(body.uncertain_reminders.count).toBe(7);
    expect(body.uncertain_reminders.items).toHaveLength(5);
    expect(body.uncertain_reminders.items[0]).toEqual({
      id: 'u-0',
      name: 'F-0',
      who: 'Élodie Martin',
      at: NOW.toISOString(),
    });
    expect(body.mailboxes_refused.items).toMatchObject([{ id: 'box', name: 'Billing' }]);
    expect(body.followups_to_fix).toBe(1);
    expect(body.set_up).toMatchObject({ notified: true, mailboxes: true });
  });
});

describe('the search', () => {
  const find = async (q: string) => {
    const { body } = await read(`/v1/admin/search?${new URLSearchParams({ q })}`);
    return Object.entries(body as Record<string, { items: { id: string }[] }>).flatMap(([kind, { items }]) =>
      items.map(({ id }) => `${kind} ${id}`),
    );
  };

  beforeAll(async () => {
    const { store } = world;
    await store.doc('tickets/t-1').set({ number: 'R-1009', customer_name: 'Roux', status: 'active' });
    await store.doc('users/u1').set({ display_name: 'Anna Roux', email: 'anna@example.test' });
    await store.doc('inbox_messages/m1').set({
      thread_id: 'th',
      subject: 'Re: Votre facture',
      from: { name: 'Roux', address: 'roux@example.test' },
    });
    await store.doc('task_runs/close-inactive-visits!1').set({ task: 'close-inactive-visits' });
  });

  it.each([
    ['f-10', ['followups bad']],
    ['ÉLODIE', ['followups bad', 'followups fine']],
    ['elodie.11@', ['followups fine']],
    ['bad', ['followups bad']],
    ['r-1009', ['tickets t-1']],
    ['roux', ['tickets t-1', 'mails th']],
    ['Votre fact', ['mails th']],
    ['anna', ['people u1']],
    ['close-inactive-visits!1', ['runs close-inactive-visits!1']],
    ['no/such', []],
    ['__no__', []],
  ])('finds by %s', async (q, expected) => {
    const found = await find(q);
    expect(found).toEqual(expect.arrayContaining(expected));
    if (expected.length === 0) expect(found).toEqual([]);
  });

  it('cuts a long list and says so', async () => {
    const many = Array.from({ length: 25 }, (_, index) => [`x-${index}`, { number: `Z-${index}` }] as const);
    await seed(world.store, 'tickets', new Map(many));
    const { body } = await read('/v1/admin/search?q=z-');
    expect([body.tickets.items.length, body.tickets.more]).toEqual([20, true]);
  });

  it('shows a person by id and by address, with what is known of them', async () => {
    const user = await read('/v1/admin/people/u1');
    expect(user.body).toMatchObject({ address: 'anna@example.test', user: { display_name: 'Anna Roux' } });
    const customer = await read('/v1/admin/people/elodie.11@example.test');
    expect(customer.body).toMatchObject({ user: null, followups: [{ id: 'fine' }] });
    expect((await read('/v1/admin/people/nobody')).status).toBe(404);
  });
});
