import { createServer, get as httpGet } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from '../../../support/world.ts';

/** The most script that loads before sign-in, in bytes on the wire. */
const MAX_SCRIPT = 200_000;

let world: World;
beforeAll(async () => {
  world = await startWorld();
}, 120_000);
afterAll(() => world?.stop());

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(world.url + path, { redirect: 'manual', headers: { Accept: 'text/html', ...headers } });

/** The addresses that the page itself names. */
async function named(): Promise<string[]> {
  const html = await (await get('/console/')).text();
  return [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address ?? '');
}

describe("the console's page", () => {
  it('is the same for everybody and at each of its addresses, and is never kept', async () => {
    for (const path of ['/console/', '/console/settings', '/console/runs/a%40b', '/console/alerts']) {
      const response = await get(path);
      expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store']);
      expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(await response.text()).toContain('<div id="root">');
    }
  });

  it('lets in no script but its own, no style but its own, and nobody may frame it', async () => {
    const response = await get('/console/');
    const policy = response.headers.get('content-security-policy') ?? '';
    const { issuer } = world.issuer;
    const rules = Object.fromEntries(policy.split('; ').map((rule) => rule.split(/ (.*)/)));
    expect(rules).toMatchObject({
      'default-src': "'none'",
      'script-src': "'self'",
      'connect-src': `'self' ${issuer}`,
      'frame-ancestors': "'none'",
      'base-uri': "'none'",
    });
    expect(policy).not.toMatch(/unsafe|\*|data:/);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('strict-transport-security')).toContain('max-age=');
    expect(response.headers.get('referrer-policy')).toBe('no-referrer');
    const html = await response.text();
    const [, nonce] = /'nonce-([^']+)'/.exec(policy) ?? [];
    expect(html).toContain(`<meta name="ronde-nonce" content="${nonce}">`);
    // Every script is a file, and no markup has a handler or a style of its own.
    expect(html).not.toMatch(/<script(?![^>]*\ssrc=)|\son\w+=|\sstyle=/);
    const again = await (await get('/console/')).headers.get('content-security-policy');
    expect(again).not.toContain(nonce);
  });

  it('lets the browser ask the issuer’s endpoints where they lie elsewhere, and shows itself without an issuer', async () => {
    const issuer = createServer((_request, response) => {
      const token_endpoint = 'https://tokens.example.test/token';
      response.end(JSON.stringify({ issuer: 'x', token_endpoint, userinfo_endpoint: 'javascript:alert(1)' }));
    });
    await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}`;
    const connect = async () => {
      const policy = (await get('/console/')).headers.get('content-security-policy') ?? '';
      return policy.split('; ').find((rule) => rule.startsWith('connect-src'));
    };
    world.reconfigure({ AUTH_ISSUER: origin });
    expect(await connect()).toBe(`connect-src 'self' ${origin} https://tokens.example.test`);
    issuer.closeAllConnections();
    await new Promise((resolve) => issuer.close(resolve));
    // A discovery that succeeded once is kept; an issuer that never answered leaves its own origin.
    expect(await connect()).toBe(`connect-src 'self' ${origin} https://tokens.example.test`);
    world.reconfigure({ AUTH_ISSUER: 'http://127.0.0.1:9' });
    expect(await connect()).toBe("connect-src 'self' http://127.0.0.1:9");
    world.reconfigure({});
  });

  it('names nothing outside, and all it names is there, for ever, and typed', async () => {
    const addresses = await named();
    expect(addresses.length).toBeGreaterThan(1);
    for (const address of addresses) {
      expect(address).toMatch(/^\/console\/assets\/[\w.-]+$/);
      const response = await get(address);
      expect(response.status).toBe(200);
      expect(response.headers.get('cache-control')).toContain('immutable');
      expect(response.headers.get('content-type')).toMatch(/^(text\/javascript|text\/css|image\/svg\+xml)/);
      await response.arrayBuffer();
    }
    for (const odd of ['nothing.js', '..%2findex.html', 'index.html', '%00.js', '.js'])
      expect((await get(`/console/assets/${odd}`)).status).toBe(404);
  });

  it(`loads less than ${MAX_SCRIPT / 1000} kB of script before it shows anything; the charts come when asked for`, async () => {
    const scripts = (await named()).filter((address) => address.endsWith('.js'));
    let bytes = 0;
    let text = '';
    for (const address of scripts) {
      const { hostname, port } = new URL(world.url);
      const raw = await rawGet(hostname, Number(port), address);
      bytes += raw.length;
      text += gunzipSync(raw).toString('utf8');
    }
    process.stdout.write(`The console loads ${(bytes / 1000).toFixed(0)} kB of script (gzip) at first\n`);
    expect(bytes).toBeGreaterThan(50_000);
    expect(bytes).toBeLessThan(MAX_SCRIPT);
    expect(text).not.toContain('recharts-responsive-container');
  });

  it('is where the old pages lead a request for HTML', async () => {
    const led = async (path: string) => {
      const response = await get(path);
      await response.arrayBuffer();
      return [response.status, response.headers.get('location')];
    };
    expect(await led('/console')).toEqual([302, '/console/']);
    expect(await led('/admin/settings')).toEqual([302, '/console/settings']);
    expect(await led('/admin/settings/')).toEqual([302, '/console/settings']);
    const asData = await get('/admin/settings', { Accept: 'application/json' });
    expect(asData.status).toBe(404);
  });

  it('takes GET and HEAD only', async () => {
    expect((await fetch(`${world.url}/console/`, { method: 'POST', body: '{}' })).status).toBe(405);
    const head = await fetch(`${world.url}/console/`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });
});

/** The body as it comes over the wire, which fetch would have unpacked. */
function rawGet(host: string, port: number, path: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    httpGet({ host, port, path, headers: { 'Accept-Encoding': 'gzip' } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(Buffer.concat(chunks)));
    }).on('error', reject);
  });
}
