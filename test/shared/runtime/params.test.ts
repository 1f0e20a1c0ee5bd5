import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dump, startWorld, type World } from '../../support/world.ts';

const TASK = '/api/v1/monitoring/close-inactive-visits';
/** The budget of close-inactive-visits itself. */
const OWN_BUDGET = 120;
let world: World;
let admin: string;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());
beforeEach(async () => {
  admin = await world.issuer.userToken('admintest1');
});

const call = (query: string, body?: unknown) =>
  world.post(TASK + query, { body, headers: { Authorization: `Bearer ${admin}` } });

/** Refused with this status in the error shape of the API, before anything was written. */
async function refused(status: number, code: string, query: string, body?: unknown) {
  const before = await dump(world.store, world.redis);
  const reply = await call(query, body);
  expect([reply.status, reply.body]).toEqual([
    status,
    { error: expect.objectContaining({ code, message: expect.any(String) }) },
  ]);
  expect(await dump(world.store, world.redis)).toBe(before);
  return reply.body.error;
}
const invalid = (query: string, body?: unknown) => refused(400, 'invalid_argument', query, body);

describe('parameters are taken', () => {
  it.each<[string, string, unknown, object]>([
    ['from nowhere, as their defaults', '', undefined, { inactivity_minutes: 30, dry_run: false }],
    ['from an empty body', '', {}, { inactivity_minutes: 30, budget_seconds: OWN_BUDGET }],
    ['from the query string', '?inactivity_minutes=45', undefined, { inactivity_minutes: 45 }],
    ['from the body, as a number', '', { inactivity_minutes: 45 }, { inactivity_minutes: 45 }],
    ['from the body, as text', '', { inactivity_minutes: '45' }, { inactivity_minutes: 45 }],
    [
      'from both, for different names',
      '?inactivity_minutes=7',
      { budget_seconds: 9 },
      { inactivity_minutes: 7, budget_seconds: 9 },
    ],
    [
      'at the lower bounds',
      '?inactivity_minutes=1&budget_seconds=5',
      undefined,
      { inactivity_minutes: 1, budget_seconds: 5 },
    ],
    [
      'at the upper bounds',
      `?inactivity_minutes=1440&budget_seconds=${OWN_BUDGET}`,
      undefined,
      { inactivity_minutes: 1440, budget_seconds: OWN_BUDGET },
    ],
  ])('%s', async (_title, query, body, expected) => {
    const reply = await call(query, body);
    expect(reply.status).toBe(200);
    const run = await world.store.doc(`task_runs/${reply.body.run_id}`).get();
    expect(run.get('params')).toMatchObject(expected);
  });

  it.each<[string, string, unknown, boolean]>([
    ...['true', 'True', '1'].map((text): [string, string, unknown, boolean] => [
      `${text} in the query string`,
      `?dry_run=${text}`,
      undefined,
      true,
    ]),
    ...['false', 'False', '0'].map((text): [string, string, unknown, boolean] => [
      `${text} in the query string`,
      `?dry_run=${text}`,
      undefined,
      false,
    ]),
    ['true in the body', '', { dry_run: true }, true],
    ['false in the body', '', { dry_run: false }, false],
    ['"True" in the body', '', { dry_run: 'True' }, true],
    ['"0" in the body', '', { dry_run: '0' }, false],
  ])('as a boolean: %s', async (_title, query, body, expected) => {
    const reply = await call(query, body);
    expect([reply.status, reply.body.dry_run]).toEqual([200, expected]);
  });
});

describe('a malformed parameter is refused with its name, its value and what is legal', () => {
  const minutes = 'must be a whole number from 1 to 1440';
  const budget = `must be a whole number from 5 to ${OWN_BUDGET}`;
  const boolean = 'must be true or false';
  const inQuery = ([name, text, rule]: [string, string, string]): [
    string,
    string,
    unknown,
    string,
    string,
    string,
  ] => [
    `?${name}=${text}`,
    `?${name}=${text}`,
    undefined,
    name,
    JSON.stringify(decodeURIComponent(text)),
    rule,
  ];
  const inBody = ([name, value, rule]: [string, unknown, string]): [
    string,
    string,
    unknown,
    string,
    string,
    string,
  ] => [JSON.stringify({ [name]: value }), '', { [name]: value }, name, JSON.stringify(value), rule];
  const rows = [
    ...['0', '1441', '-5', '1.5', '1e2', '0x10', '%2030', 'abc', '', 'true', 'null', '9'.repeat(20)].map(
      (text) => inQuery(['inactivity_minutes', text, minutes]),
    ),
    ...[0, 1441, -5, 1.5, 'abc', '', true, null, [30], { a: 1 }].map((value) =>
      inBody(['inactivity_minutes', value, minutes]),
    ),
    ...['4', String(OWN_BUDGET + 1), '5.5', 'abc', ''].map((text) =>
      inQuery(['budget_seconds', text, budget]),
    ),
    ...[4, OWN_BUDGET + 1, null].map((value) => inBody(['budget_seconds', value, budget])),
    ...['TRUE', 'yes', '', '2', 'constructor'].map((text) => inQuery(['dry_run', text, boolean])),
    ...[null, 1, 0, 'yes', [], {}].map((value) => inBody(['dry_run', value, boolean])),
  ];
  it.each(rows)('%s', async (_title, query, body, parameter, value, rule) => {
    const error = await invalid(query, body);
    expect(error.details).toEqual([{ parameter, value, rule }]);
    for (const part of [parameter, value, rule]) expect(error.message).toContain(part);
  });

  it('and all of them at once', async () => {
    const { details } = await invalid('?inactivity_minutes=0&budget_seconds=4&dry_run=maybe');
    expect(details.map((fault: { parameter: string }) => fault.parameter).sort()).toEqual([
      'budget_seconds',
      'dry_run',
      'inactivity_minutes',
    ]);
  });
});

describe('parameters are refused', () => {
  it.each<[string, string, unknown]>([
    ['in both the query string and the body', '?inactivity_minutes=30', { inactivity_minutes: 30 }],
    [
      'in both, although they are equal booleans',
      '?dry_run=true&inactivity_minutes=30',
      { inactivity_minutes: null },
    ],
    ['twice in the query string', '?inactivity_minutes=30&inactivity_minutes=30', undefined],
    ['twice, one of them empty', '?inactivity_minutes=30&inactivity_minutes=', undefined],
  ])('%s', async (_title, query, body) => {
    expect((await invalid(query, body)).message).toMatch(/inactivity_minutes .*give it once/);
  });

  it.each<[string, string, (value: string) => [string, unknown?]]>([
    ['in the query string', 'minuites', (value) => [`?minuites=${value}`]],
    ['in the body', 'minuites', (value) => ['', { minuites: value }]],
    ['in the body, nested', 'minuites', (value) => ['', { minuites: { deep: [value] } }]],
    ['next to a malformed one', 'minuites', (value) => [`?minuites=${value}&inactivity_minutes=0`]],
    ['as a secret in the body', 'secret', (value) => ['', { secret: value }]],
    ['repeated', 'minuites', (value) => [`?minuites=${value}&minuites=${value}`]],
    ['with the name of something built in', 'constructor', (value) => [`?constructor=${value}`]],
    ['named __proto__ in the query string', '__proto__', (value) => [`?__proto__=${value}`]],
    ['named __proto__ in the body', '__proto__', (value) => ['', `{"__proto__": {"value": "${value}"}}`]],
  ])('when unknown, %s, by name and without the value', async (_title, name, request) => {
    const value = `lost-${'s'.repeat(40)}`;
    const error = await invalid(...request(value));
    expect(error.message).toContain(name);
    expect(JSON.stringify(error) + world.logs.join('')).not.toContain(value);
  });
});

describe('a body is refused', () => {
  it.each<[string, unknown]>([
    ['that is not JSON', '{"dry_run": tru'],
    ['of form fields', 'dry_run=true'],
    ['that is an array', [{ dry_run: true }]],
    ['that is null', 'null'],
    ['that is a number', '30'],
    ['that is text', '"dry_run"'],
  ])('%s', async (_title, body) => {
    expect((await invalid('', body)).message).toContain('JSON');
  });

  it.each([64 * 1024 + 1, 200_000, 2_000_000])('of %i bytes', async (size) => {
    const text = JSON.stringify({ dry_run: true });
    await refused(413, 'payload_too_large', '', text.padEnd(size));
  });

  it('of more than 64 KiB, and not of 64 KiB', async () => {
    const text = JSON.stringify({ dry_run: true });
    expect((await call('', text.padEnd(64 * 1024))).status).toBe(200);
  });
});
