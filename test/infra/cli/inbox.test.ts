import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LocalImap, startImap } from '../../../infra/local/imap/imap.ts';
import { withoutDovecot } from '../../support/inbox/inbox.ts';
import { mail, openMailbox } from '../../support/inbox/mailbox.ts';
import { nodeEnvironment } from '../../support/node-process.ts';
import { startWorld, type World } from '../../support/world.ts';

const ENTRY = fileURLToPath(new URL('../../../infra/cli/main.ts', import.meta.url));
const absent = withoutDovecot();
let world: World;
let folder: string;
let imap: LocalImap;

beforeAll(async () => {
  world = await startWorld();
  folder = await mkdtemp(join(tmpdir(), 'ronde-cli-inbox-'));
  if (!absent) imap = (await startImap({ prefer: 'real', users: ['anna'] })) as LocalImap;
});
afterAll(async () => {
  await imap?.stop();
  await world?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Runs `ronde inbox ...` in a separate process; `input` is piped in. */
async function ronde(args: string[], input = '') {
  const admin = await world.issuer.userToken('admintest1');
  const child = spawn(process.execPath, [ENTRY, 'inbox', ...args], {
    cwd: folder,
    env: { ...nodeEnvironment(), HOME: folder, RONDE_URL: world.url, RONDE_TOKEN: admin },
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (chunk) => {
      output[name] += String(chunk);
    });
  child.stdin.on('error', () => undefined).end(input);
  const [code] = await once(child, 'close');
  return { code: code as number | null, ...output };
}

it('prints how to add the first mailbox, and exits 2 on wrong usage', async () => {
  expect(await ronde(['list'])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('ronde inbox add'),
  });
  expect((await ronde(['add', '--org', 'o'])).code).toBe(2);
  expect((await ronde(['test'])).code).toBe(2);
  expect(await ronde(['test', 'nobody'])).toMatchObject({ code: 1, stderr: expect.stringContaining('404') });
});

it.each([
  ['no password', [], ''],
  ['invalid JSON for OAuth', ['--oauth'], 'made-up-token'],
])('exits 2 on %s on standard input, without printing the input', async (_name, flags, input) => {
  const added = await ronde(['add', '--org', 'o', '--host', 'imap.test', '--user', 'a', ...flags], input);
  expect(added.code).toBe(2);
  expect(added.stdout + added.stderr).not.toContain('made-up-token');
});

it.skipIf(absent)(
  'adds a mailbox with its password from standard input, tests, synchronises and lists it',
  async () => {
    const [user] = imap.users;
    if (!user) throw new Error('there is no account');
    const mailbox = await openMailbox(imap, user);
    await mailbox.append(mail());
    await mailbox.close();
    // The local cloud's server is on loopback and may do without TLS.
    const server = ['--host', imap.host, '--port', String(imap.port), '--starttls', '--user', user.user];
    const added = await ronde(
      ['add', '--org', 'org-1', '--label', 'Office', ...server],
      `${user.password}\n`,
    );
    expect(added).toMatchObject({ code: 0, stderr: '' });
    expect(added.stdout).toMatch(/^Added (\S+)\.\nIt works\. The server can: .*CONDSTORE/);
    expect(added.stdout).toContain('* INBOX (\\Inbox): 1 messages');
    expect(added.stdout + added.stderr).not.toContain(user.password);
    const id = /^Added (\S+)\./.exec(added.stdout)?.[1] ?? '';
    expect(await ronde(['test', id])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('It works.'),
    });
    expect(await ronde(['sync', id])).toMatchObject({
      code: 0,
      stdout: '1 new, 0 updated, 0 removed; 1 announced, 1 stored.\n',
    });
    expect((await ronde(['list'])).stdout).toMatch(
      new RegExp(`^${id}  ok .*anna on 127.0.0.1: synchronised 20`),
    );
    expect(JSON.parse((await ronde(['list', '--json'])).stdout).items).toMatchObject([
      { id, label: 'Office' },
    ]);
    const again = await ronde(['add', '--org', 'org-1', ...server], 'not-the-one');
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('there already') });
    const wrong = await ronde(['add', '--org', 'org-2', ...server], 'not-the-one');
    expect(wrong).toMatchObject({ code: 1, stdout: expect.stringContaining('It does not work: auth') });
    const stored = /It is stored all the same.*ronde inbox remove (\S+)/.exec(wrong.stdout)?.[1] ?? '';
    expect(await ronde(['remove', stored], 'n\n')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`Remove ${user.user} on ${imap.host} and delete its stored mail?`),
    });
    expect(await ronde(['remove', stored, '--yes'])).toMatchObject({
      code: 0,
      stdout: `Removed ${stored}.\n`,
    });
    expect((await ronde(['list'])).stdout).not.toContain(stored);
  },
);
