import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildFunctions } from '../../infra/build.ts';
import { type FunctionProcess, startFunction } from '../faults/function-process.ts';
import { startWorld, type World } from '../support/world.ts';

const TASK = 'close-inactive-visits';
const out = `.local/serve-${process.pid}`;
const started: FunctionProcess[] = [];
let world: World;

beforeAll(async () => {
  await buildFunctions({ only: [TASK, 'visits', 'console'], out });
  world = await startWorld();
});
afterAll(async () => {
  for (const child of started) await child.kill();
  rmSync(out, { recursive: true, force: true });
  await world.stop();
});

async function start(name: string, changes: Record<string, string> = {}): Promise<FunctionProcess> {
  const child = await startFunction(name, out, { ...world.environment, ...changes });
  started.push(child);
  return child;
}

function send(url: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
  const type = { 'Content-Type': 'application/json' };
  return fetch(url, { method: 'POST', headers: { ...type, ...headers }, body });
}

describe('a built function behind the Functions Framework', () => {
  it('answers a body that is not JSON, or too large, with an error of the API, and only behind the door', async () => {
    const { url } = await start(TASK);
    const proof = { 'X-Cron-Secret': world.secret };
    const malformed = await send(url, '{"dry_run": tru', proof);
    expect(malformed.status).toBe(400);
    expect(await malformed.json()).toMatchObject({ error: { code: 'invalid_argument' } });
    const large = await send(url, JSON.stringify({ dry_run: 'x'.repeat(70_000) }), proof);
    expect(large.status).toBe(413);
    expect(await large.json()).toMatchObject({ error: { code: 'payload_too_large' } });
    expect((await send(url, '{"dry_run": tru')).status).toBe(401);
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/octet-stream']) {
      const dry = await send(url, '{"dry_run":true}', { ...proof, 'Content-Type': type });
      expect(await dry.json()).toMatchObject({ dry_run: true, outcome: 'nothing_to_do' });
    }
  });

  it('answers 503 in time if Firestore accepts the connection and stays silent', async () => {
    const hole = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(hole, 'listening');
    const FIRESTORE_EMULATOR_HOST = `127.0.0.1:${(hole.address() as AddressInfo).port}`;
    // The function's process uses the machine's clock, and so must the token.
    world.clock.set(new Date());
    const token = await world.issuer.userToken('usertest1');
    const task = await start(TASK, { FIRESTORE_EMULATOR_HOST });
    const visits = await start('visits', { FIRESTORE_EMULATOR_HOST });
    const visit = { visit_id: crypto.randomUUID(), session_id: 'tab-1', path: '/' };
    const answers = await Promise.all([
      send(`${task.url}/?budget_seconds=5`, '', { 'X-Cron-Secret': world.secret }),
      send(visits.url, JSON.stringify(visit), { Authorization: `Bearer ${token}` }),
    ]);
    for (const answer of answers) {
      expect(answer.status).toBe(503);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await answer.json()).toMatchObject({ error: { code: 'unavailable' } });
    }
    for (const child of started) await child.kill();
    hole.close();
  });

  it('refuses to start with a bad environment, one plain line a fault and no stack', async () => {
    const main = '@google-cloud/functions-framework/build/src/main.js';
    const framework = fileURLToPath(new URL(`../../node_modules/${main}`, import.meta.url));
    const args = [framework, `--target=${TASK}`, `--source=${join(out, TASK)}`, '--port=0'];
    const env = { ...world.environment, CRON_SECRET: 'short', AUTH_AUDIENCE: '' };
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    const [printed, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    expect(code).toBe(1);
    expect(printed.trim().split('\n')).toEqual([
      'The environment is not usable:',
      expect.stringContaining('CRON_SECRET is shorter than 32 characters'),
      expect.stringContaining('AUTH_ISSUER and AUTH_AUDIENCE go together'),
    ]);
  });

  it('the console includes its page, and redirects from its own address to the page', async () => {
    const named = 'https://europe-west1-demo.cloudfunctions.net/console';
    const { url } = await start('console', {
      FUNCTION_URLS: `${named},https://console-42.europe-west1.run.app`,
    });
    const page = await fetch(`${url}/console/settings`);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const [, script] = /src="([^"]+)"/.exec(await page.text()) ?? [];
    const asset = await fetch(url + script);
    expect([asset.status, asset.headers.get('content-type')]).toEqual([
      200,
      'text/javascript; charset=utf-8',
    ]);
    expect((await asset.text()).length).toBeGreaterThan(100_000);
    const led = await fetch(url, { headers: { Accept: 'text/html' }, redirect: 'manual' });
    expect(led.headers.get('location')).toBe('https://console-42.europe-west1.run.app/console/');
    expect((await fetch(`${url}/v1/admin/tasks`)).status).toBe(401);
  });
});
