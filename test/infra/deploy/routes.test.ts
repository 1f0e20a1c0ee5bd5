import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { mounted } from '../../../functions/registry.ts';
import type { FirebaseConfig, UrlMap } from '../../../infra/deploy/routes.ts';
import { type LocalFunctions, startLocalFunctions } from '../../../infra/local/functions/functions.ts';
import { type LoopbackServer, serveLoopback } from '../../../infra/local/loopback-server.ts';
import { startFakeGoogle } from '../../support/google/fake-google.ts';
import { gcloudHome, programOrSkip, runProgram } from '../../support/google/gcloud.ts';
import { nodeEnvironment } from '../../support/node-process.ts';
import { startWorld, type World } from '../../support/world.ts';

const ENTRY = fileURLToPath(new URL('../../../infra/cli/main.ts', import.meta.url));

let world: World;
let functions: LocalFunctions;
let empty: string;

beforeAll(async () => {
  empty = await mkdtemp(join(tmpdir(), 'ronde-routes-'));
  world = await startWorld();
  functions = await startLocalFunctions({
    project: 'demo',
    region: 'europe-west1',
    gateway: world.url,
    signOperator: () => Promise.reject(new Error('nobody asks for an operator here')),
  });
});
afterAll(async () => {
  await functions?.stop();
  await world?.stop();
  await rm(empty, { recursive: true, force: true });
});

const routes = (...args: string[]) =>
  runProgram(process.execPath, [ENTRY, 'routes', ...args], {
    env: { ...nodeEnvironment(), HOME: empty },
    cwd: empty,
  });

/** One host before the functions, each with a separate address, as on Google Cloud. */
const origin = (functionOf: (path: string) => string | null): Promise<LoopbackServer> =>
  serveLoopback(0, async (request, response, body) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    const name = functionOf(path);
    if (!name) return void response.writeHead(404).end();
    const answer = await fetch(functions.uriOf(name) + request.url, {
      method: request.method ?? 'GET',
      headers: new Headers(
        Object.entries(request.headers).filter(([key]) => /^(auth|content-type|x-)/.test(key)) as never,
      ),
      ...(request.method === 'GET' ? {} : { body }),
    });
    response.writeHead(answer.status, { 'x-function': name }).end(await answer.text());
  });

/** Firebase Hosting: the first rewrite that matches. */
const byRewrites =
  ({ hosting }: FirebaseConfig) =>
  (path: string) =>
    hosting.rewrites.find(({ regex }) => new RegExp(regex).test(path))?.run.serviceId ?? null;

/** A load balancer: the exact path, else the longest `/*`, else the default. */
const byUrlMap =
  ({ defaultService, pathMatchers }: UrlMap) =>
  (path: string) => {
    const rules = pathMatchers.flatMap(({ pathRules }) =>
      pathRules.flatMap(({ paths, service }) => paths.map((pattern) => ({ pattern, service }))),
    );
    const [best] = rules
      .filter(
        ({ pattern }) =>
          pattern === path || (pattern.endsWith('/*') && path.startsWith(pattern.slice(0, -1))),
      )
      .sort((a, b) => b.pattern.length - a.pattern.length);
    return (best?.service ?? defaultService).split('/').at(-1) ?? null;
  };

async function recipe(kind: string): Promise<(path: string) => string | null> {
  if (kind === '--firebase')
    return byRewrites(JSON.parse((await routes('--firebase', '--region', 'europe-west1')).stdout));
  return byUrlMap(parse((await routes('--url-map', '--project', 'demo')).stdout));
}

describe.each(['--firebase', '--url-map'])('one host by ronde routes %s', (kind) => {
  it('routes every path of every function as the gateway does, and no other path', async () => {
    const functionOf = await recipe(kind);
    for (const { name, prefix } of mounted) {
      expect(functionOf(prefix), prefix).toBe(name);
      const inside = mounted.find((row) => `${prefix}/x/y`.startsWith(`${row.prefix}/`));
      expect(functionOf(`${prefix}/x/y`), `${prefix}/x/y`).toBe(inside?.name);
    }
    const strange = mounted
      .map(({ prefix }) => `${prefix}x`)
      .filter((path) => !mounted.some((row) => path.startsWith(`${row.prefix}/`)));
    for (const path of ['/nothing', ...strange]) {
      const fallback = kind === '--firebase' ? null : functionOf('/nothing');
      expect(functionOf(path), path).toBe(fallback);
    }
  });

  it('answers a task, a visit and a rejected call as the gateway does', async () => {
    const host = await origin(await recipe(kind));
    const user = { authorization: `Bearer ${await world.issuer.userToken('usertest1')}` };
    const secret = { 'x-cron-secret': world.secret };
    const visit = { visit_id: '6f2a1c9e-58b3-4d7e-9a40-3c1d2e5f6a7b', session_id: 'tab-1', path: '/repairs' };
    const task = '/api/v1/monitoring/close-inactive-visits?dry_run=true';
    const requests: [string, Record<string, string>, object | undefined][] = [
      ['/api/v1/visits', user, visit],
      [`/api/v1/visits/${visit.visit_id}/heartbeat`, user, { elapsed_ms: 1000 }],
      [`/api/v1/visits/${visit.visit_id}/end`, {}, { reason: 'left' }],
      [task, secret, {}],
      [`${task}&inactivity_minutes=0`, secret, {}],
      [task, user, {}],
      ['/api/v1/monitoring/close-inactive-visits/more', secret, {}],
    ];
    try {
      for (const [path, proof, body] of requests) {
        const ask = async (base: string) => {
          const headers = { ...proof, 'content-type': 'application/json' };
          const response = await fetch(base + path, { method: 'POST', headers, body: JSON.stringify(body) });
          const {
            run_id: _,
            started_at: __,
            duration_ms: ___,
            ...rest
          } = (await response.json()) as Record<string, unknown>;
          return { status: response.status, rest };
        };
        // Sends it twice, since a new visit gets another answer.
        await ask(world.url);
        const [direct, hosted] = [await ask(world.url), await ask(host.url)];
        expect({ path, status: hosted.status }).toEqual({ path, status: direct.status });
        expect(hosted.rest).toEqual(direct.rest);
      }
    } finally {
      await host.stop();
    }
  });
});

describe('ronde routes', () => {
  it('prints the table, for people and as JSON', async () => {
    const { code, stdout } = await routes();
    expect(code).toBe(0);
    for (const { name, prefix } of mounted) expect(stdout).toMatch(new RegExp(`^${prefix} +${name}$`, 'm'));
    const rows = JSON.parse((await routes('--json')).stdout);
    expect(rows).toContainEqual({ path: '/api/v1/visits', function: 'visits' });
    expect(rows).toHaveLength(mounted.length);
  });

  it('exits 2 on wrong usage, with the remedy', async () => {
    expect(await routes('--firebase', '--url-map')).toMatchObject({ code: 2, stdout: '' });
    expect(await routes('--firebase')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--region'),
    });
    expect(await routes('--url-map')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--project'),
    });
  });

  it.skipIf(!programOrSkip('gcloud', 'the URL map before gcloud'))(
    'gcloud reads the URL map and sends it on as it is',
    async () => {
      const google = await startFakeGoogle(() => '');
      const gcloud = await gcloudHome({ endpoint: google.url, project: 'demo' });
      gcloud.env.CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE = `${google.url}compute/v1/`;
      const file = join(empty, 'url-map.yaml');
      const text = (await routes('--url-map', '--project', 'demo')).stdout;
      try {
        await writeFile(file, text);
        await gcloud.run(['compute', 'url-maps', 'import', 'ronde', '--global', `--source=${file}`]);
        const sent = google.asked.find(({ method, path }) => method === 'POST' && path.endsWith('/urlMaps'));
        expect(sent?.body).toMatchObject(parse(text));
      } finally {
        await gcloud.remove();
        await google.stop();
      }
    },
    300_000,
  );
});
