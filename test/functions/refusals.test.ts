import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { routes } from '../../functions/console/api.ts';
import { startWorld, type World } from '../support/world.ts';

/** Messages of the schema library that must not reach a caller. */
const NOT_OURS = /Invalid |expected |received |Too (small|big)|Unrecognized/;

let world: World;
let admin: string;
beforeAll(async () => {
  world = await startWorld();
  admin = await world.issuer.userToken('admintest1');
});
afterAll(() => world?.stop());

async function refused(method: string, path: string, token: string, body?: object) {
  const response = await fetch(world.url + path, {
    method,
    headers: { 'Content-Type': 'application/json', authorization: `Bearer ${token}` },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const answer = (await response.json()) as { error?: { message: string } };
  return { status: response.status, message: answer.error?.message ?? '' };
}

describe('a refusal', () => {
  it('names the missing field of a visit, and its rule', async () => {
    const visit = { visit_id: '6f2a1c9e-58b3-4d7e-9a40-3c1d2e5f6a7b', path: '/repairs' };
    expect(await refused('POST', '/api/v1/visits', admin, visit)).toEqual({
      status: 400,
      message: 'session_id: must be a text (missing)',
    });
  });

  it('names the value of an invalid list parameter', async () => {
    expect(await refused('GET', '/v1/admin/tickets?limit=abc', admin)).toEqual({
      status: 400,
      message: 'limit: must be a whole number from 1 to 500 (given: "abc")',
    });
  });

  it('says that a token has expired, and that an account is no administrator', async () => {
    expect(await refused('GET', '/v1/admin/tasks', await world.issuer.expiredToken())).toEqual({
      status: 401,
      message: 'The token has expired; get a new one.',
    });
    expect(await refused('GET', '/v1/admin/tasks', await world.issuer.userToken('usertest1'))).toEqual({
      status: 403,
      message: 'This account has no admin role, which this needs; sign in as an administrator.',
    });
    const stranger = await world.issuer.googleToken({ email: 'x@example.test', audience: world.url });
    expect((await refused('GET', '/v1/admin/tasks', stranger)).message).toContain('OPERATORS');
  });

  const writing = routes.filter(({ method }) => method !== 'GET').map(({ method, path }) => [method, path]);
  it.each(writing)(
    'of %s %s never uses the schema library’s words, whatever the body is',
    async (method, path) => {
      const at = (path as string).replace(/\{\w+\}/g, 'some-id');
      const fields = [
        'recipients',
        'to',
        'reason',
        'until',
        'outcome',
        'stage',
        'status',
        'org_id',
        'alerts',
      ];
      const wrong = { ...Object.fromEntries(fields.map((name) => [name, [[7]]])), unknown_here: 1 };
      const { status, message } = await refused(method as string, at, admin, wrong);
      expect(message).not.toMatch(NOT_OURS);
      expect(status).toBeGreaterThanOrEqual(400);
    },
  );
});
