import { Timestamp } from '@google-cloud/firestore';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callJson } from '../../../../support/call.ts';
import { minutes, NOW, seed, startWorld, type World } from '../../../../support/world.ts';

const PATH = '/v1/admin/incidents';
let world: World;

beforeAll(async () => {
  world = await startWorld();
  // Two of each instant, so that a page may end between them; every third is open.
  const documents = Array.from({ length: 12 }, (_, index) => {
    const opened = Timestamp.fromMillis(NOW.getTime() - minutes(Math.floor(index / 2)));
    const fields = {
      kind: 'missed',
      task: 'close-inactive-visits',
      opened_at: opened,
      recovered_at: index % 3 === 0 ? null : opened,
      facts: { occurrence: '2026-03-04T10:00:00.000Z' },
      history: [{ at: opened, event: 'opened' }],
    };
    return [`missed:${String(index).padStart(2, '0')}`, fields] as const;
  });
  await seed(world.store, 'incidents', new Map(documents));
});
afterAll(() => world?.stop());

const list = async (query: string, account: 'admintest1' | 'usertest1' = 'admintest1') =>
  callJson(world, { token: await world.issuer.userToken(account), method: 'GET', path: PATH + query });

/** Reads the ids of all pages, and the length of each page. */
async function all(query: string) {
  const ids: string[] = [];
  const sizes: number[] = [];
  for (let page = ''; ; ) {
    const { body } = await list(`${query}${page}`);
    ids.push(...body.items.map(({ id }: { id: string }) => id));
    sizes.push(body.items.length);
    if (body.next_page === null) return { ids, sizes };
    page = `&page=${body.next_page}`;
  }
}

describe('the list of incidents', () => {
  it('shows each once, newest first, in pages', async () => {
    const { ids, sizes } = await all('?limit=5');
    expect(sizes).toEqual([5, 5, 2]);
    expect(ids).toEqual(
      ['01', '00', '03', '02', '05', '04', '07', '06', '09', '08', '11', '10'].map((n) => `missed:${n}`),
    );
  });

  it('shows only the open ones on request', async () => {
    const { ids } = await all('?open=true&limit=3');
    expect(ids).toEqual(['missed:00', 'missed:03', 'missed:06', 'missed:09']);
  });

  it('carries the documents’ own fields', async () => {
    const { body } = await list('?limit=1&open=true');
    expect(body.items).toEqual([
      {
        id: 'missed:00',
        kind: 'missed',
        task: 'close-inactive-visits',
        opened_at: NOW.toISOString(),
        recovered_at: null,
        facts: { occurrence: '2026-03-04T10:00:00.000Z' },
        history: [{ at: NOW.toISOString(), event: 'opened' }],
      },
    ]);
  });

  it.each(['?open=maybe', '?limit=0', '?page=nonsense', `?page=${Buffer.from('x y').toString('base64url')}`])(
    'refuses %s',
    async (query) => {
      expect((await list(query)).status).toBe(400);
    },
  );

  it('is for administrators', async () => {
    expect((await list('', 'usertest1')).status).toBe(403);
    expect((await fetch(world.url + PATH)).status).toBe(401);
  });
});

describe('acknowledging an incident', () => {
  const acknowledge = async (id: string) =>
    callJson(world, {
      token: await world.issuer.userToken('admintest1'),
      method: 'POST',
      path: `${PATH}/${id}/acknowledge`,
      body: {},
    });

  it('records who attends to it and since when, once', async () => {
    const first = await acknowledge('missed:03');
    world.clock.advance(minutes(5));
    const second = await acknowledge('missed:03');
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(second.body).toEqual(first.body);
    expect(first.body).toMatchObject({ acknowledged_by: 'admintest1', acknowledged_at: NOW.toISOString() });
    expect(first.body.history.map(({ event }: { event: string }) => event)).toEqual([
      'opened',
      'acknowledged',
    ]);
    world.clock.set(NOW);
  });

  it.each([
    ['missed:01', 409],
    ['missed:99', 404],
  ])('refuses %s, which is over or unknown', async (id, status) => {
    expect((await acknowledge(id)).status).toBe(status);
  });
});
