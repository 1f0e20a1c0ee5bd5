import type { Firestore } from '@google-cloud/firestore';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { losingAnswers } from '../../../shared/doors/store/losing-answers.ts';
import { seed, startWorld, type World } from '../../../support/world.ts';

let world: World;
let admin: string;
let bare: Firestore;

beforeAll(async () => {
  world = await startWorld();
  bare = world.store;
});
afterAll(() => world?.stop());
beforeEach(async () => {
  admin = await world.issuer.userToken('admintest1');
  await seed(bare, 'tickets', new Map([['t-1', { number: 'T-1', status: 'active', stage: 'diagnosis' }]]));
});
afterEach(() => {
  world.deps.store = bare;
});

const LOSSES = ['repeated', 10, 14] as const;
type Method = 'PUT' | 'POST' | 'PATCH';

/** The conditional writes of the console that answer whether they were written. */
const CALLS: [method: Method, path: string, body: object][] = [
  ['PUT', '/v1/admin/billing-settings/org-1', { max_per_run: 7 }],
  ['PUT', '/v1/admin/settings', { alerts: { threshold_days: 9 } }],
  ['PUT', '/tickets/alerts/config', { recipients: [{ name: 'Ada', email: 'ada@example.test' }] }],
  ['PATCH', '/v1/admin/tickets/t-1', { customer_name: 'Bob' }],
  ['POST', '/v1/admin/tickets/t-1/stage', { stage: 'repair' }],
];

async function call(method: Method, path: string, body: object) {
  const response = await fetch(world.url + path, {
    method,
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${admin}` },
    body: JSON.stringify(body),
  });
  return { status: response.status, text: await response.text() };
}

it.each(CALLS.flatMap((one) => LOSSES.map((loss) => [...one, loss] as const)))(
  '%s %s %j answers 200 although the answer of its commit is lost (%s)',
  async (method, path, body, loss) => {
    world.deps.store = losingAnswers(bare, loss);
    const { status, text } = await call(method, path, body);
    expect({ status, text }).toMatchObject({ status: 200 });
    expect(text).not.toContain('write_attempt');
  },
);

it.each([
  '/v1/admin/settings',
  '/v1/admin/billing-settings/org-1',
  '/tickets/alerts/config',
  '/v1/admin/tickets/t-1',
])('%s does not show the mark of the last write', async (path) => {
  for (const [method, to, body] of CALLS) await call(method, to, body);
  const response = await fetch(world.url + path, { headers: { Authorization: `Bearer ${admin}` } });
  expect(response.status).toBe(200);
  expect(await response.text()).not.toContain('write_attempt');
});
