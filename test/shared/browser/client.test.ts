import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildFunctions } from '../../../infra/build.ts';
import { bundleClient } from '../../../shared/browser/bundle.ts';
import { startFunction } from '../../faults/function-process.ts';
import { startWorld, type World } from '../../support/world.ts';

const MAX_BYTES = 4_500;
/** Page tracking and presence together. */
const MAX_BOTH_BYTES = 6_000;
const ROUTE = '/api/v1/visits/client.js';
const PRESENCE_ROUTE = '/v1/activity/client.js';
const ORIGIN = 'https://app.example.test';

let world: World;
/** Below the project, where the bundle finds the Functions Framework. */
const out = join(import.meta.dirname, '../../../.local/test-client');
beforeAll(async () => {
  world = await startWorld();
  world.reconfigure({ ALLOWED_ORIGINS: ORIGIN });
});
afterAll(async () => {
  await world?.stop();
  rmSync(out, { recursive: true, force: true });
});

const get = (headers: Record<string, string> = {}, url = world.url + ROUTE) => fetch(url, { headers });

it('is a module of less than 4.5 kB, served without a proof', async () => {
  const reply = await get({ 'accept-encoding': 'identity' });
  expect(reply.status).toBe(200);
  expect(reply.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  expect(reply.headers.get('cache-control')).toBe('public, max-age=3600');
  expect(reply.headers.get('content-encoding')).toBeNull();
  const text = await reply.text();
  expect(gzipSync(text, { level: 9 }).length).toBeLessThan(MAX_BYTES);
  const module = await import(`data:text/javascript,${encodeURIComponent(text)}`);
  expect(Object.keys(module)).toEqual(['trackPageVisits']);
  const packed = await get({ 'accept-encoding': 'gzip' });
  expect(packed.headers.get('content-encoding')).toBe('gzip');
  expect(await packed.text()).toBe(text);
});

it('with presence, in one bundle that shares their code, is less than 6 kB', async () => {
  const text = await bundleClient('visits', 'presence');
  const module = await import(`data:text/javascript,${encodeURIComponent(text)}`);
  expect(Object.keys(module).sort()).toEqual(['keepPresence', 'trackPageVisits']);
  expect(gzipSync(text, { level: 9 }).length).toBeLessThan(MAX_BOTH_BYTES);
});

it('of presence is served in the same way, and deployed in its own bundle', async () => {
  const url = world.url + PRESENCE_ROUTE;
  const reply = await get({ origin: ORIGIN }, url);
  expect([reply.status, reply.headers.get('access-control-allow-origin')]).toEqual([200, ORIGIN]);
  const text = await reply.text();
  const module = await import(`data:text/javascript,${encodeURIComponent(text)}`);
  expect(Object.keys(module)).toEqual(['keepPresence']);
  const again = await get({ 'if-none-match': reply.headers.get('etag') ?? '' }, url);
  expect(again.status).toBe(304);
  expect((await world.post(PRESENCE_ROUTE)).status).toBe(405);
  await buildFunctions({ only: ['presence'], out });
  expect(readFileSync(join(out, 'presence', 'index.js'), 'utf8')).not.toContain('esbuild');
  const deployed = await startFunction('presence', out, world.environment);
  try {
    expect(await (await get({}, deployed.url + PRESENCE_ROUTE)).text()).toBe(text);
  } finally {
    await deployed.kill();
  }
});

it('answers 304 to a client that has it', async () => {
  const first = await get();
  const etag = first.headers.get('etag') ?? '';
  expect(etag).toMatch(/^W\/"[\w-]{27}"$/);
  const again = await get({ 'if-none-match': etag });
  expect([again.status, await again.text()]).toEqual([304, '']);
  expect((await get({ 'if-none-match': 'W/"another"' })).status).toBe(200);
  const head = await fetch(world.url + ROUTE, { method: 'HEAD' });
  expect([head.status, head.headers.get('etag'), await head.text()]).toEqual([200, etag, '']);
});

it('is for the pages of the allowed origins, and can be read only', async () => {
  const allowed = await get({ origin: ORIGIN });
  expect(allowed.headers.get('access-control-allow-origin')).toBe(ORIGIN);
  expect(allowed.headers.get('vary')).toContain('Origin');
  const foreign = await get({ origin: 'https://elsewhere.example.test' });
  expect(foreign.headers.get('access-control-allow-origin')).toBeNull();
  expect((await world.post(ROUTE)).status).toBe(405);
});

it('is written into the deployed bundle, which needs no tool to make it', async () => {
  await buildFunctions({ only: ['visits'], out });
  expect(readFileSync(join(out, 'visits', 'index.js'), 'utf8')).not.toContain('esbuild');
  const deployed = await startFunction('visits', out, world.environment);
  try {
    const reply = await get({}, `${deployed.url}/client.js`);
    expect([reply.status, await reply.text()]).toEqual([200, await (await get()).text()]);
  } finally {
    await deployed.kill();
  }
});
