import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { clearFollowups, followupFields, settingsFields, stamp } from '../../support/followups.ts';
import { nodeEnvironment } from '../../support/node-process.ts';
import { NOW, seed, startWorld, type World } from '../../support/world.ts';

const ENTRY = fileURLToPath(new URL('../../../infra/cli/main.ts', import.meta.url));
let world: World;
let folder: string;
let admin: string;

beforeAll(async () => {
  world = await startWorld();
  folder = await mkdtemp(join(tmpdir(), 'ronde-followups-'));
});
afterAll(async () => {
  await world?.stop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  admin = await world.issuer.userToken('admintest1');
  world.smtp.clear();
  await clearFollowups(world.store);
  await world.store.doc('billing_settings/org-1').set(settingsFields());
  const documents = {
    ada: followupFields({ next_due_at: stamp(NOW.getTime() - 1) }),
    bob: followupFields({ customer: {} }),
  };
  await seed(world.store, 'followups', new Map(Object.entries(documents)));
});

/** Runs `ronde followups ...` in a separate process; a person types `input`. */
async function ronde(args: string[], input = '') {
  const child = spawn(process.execPath, [ENTRY, 'followups', ...args], {
    cwd: folder,
    env: { ...nodeEnvironment(), HOME: folder, RONDE_URL: world.url, RONDE_TOKEN: admin },
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (chunk) => {
      output[name] += String(chunk);
    });
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  return { code: code as number | null, ...output };
}

describe('ronde followups', () => {
  it('list prints every follow-up with its id, over several pages', async () => {
    const many = Array.from({ length: 130 }, (_, index) => [`more-${index}`, followupFields({})] as const);
    await seed(world.store, 'followups', new Map([...many, ['other', followupFields({ org_id: 'org-2' })]]));
    const { code, stdout } = await ronde(['list']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ada {7}F-2026-001 {2}org-1 {2}open {2}level 0 {2}next 20/m);
    expect(stdout.trimEnd().split('\n')).toHaveLength(133);
    const { items } = JSON.parse((await ronde(['list', '--org', 'org-2', '--json'])).stdout);
    expect(items.map(({ id }: { id: string }) => id)).toEqual(['other']);
    expect(await ronde(['list', '--status', 'gone'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('paid'),
    });
    expect((await ronde(['list', '--status', 'paid'])).stdout).toBe('no paid follow-ups\n');
  });

  it('what-if prints the mails that would go, and what differs with other settings, and writes nothing', async () => {
    const now = await ronde(['what-if', 'org-1']);
    expect(now.stdout).toMatch(
      /^\S+ to \S+: 1 mail would go, 1 follow-up gets none\n {2}\S+ {2}level 1 {2}F-2026-001 .*ada\n$/,
    );
    const file = join(folder, 'settings.json');
    await writeFile(
      file,
      JSON.stringify({ levels: { invoice: [{ after_days: 60, template: 'courteous' }] } }),
    );
    const { code, stdout } = await ronde(['what-if', 'org-1', '--settings', file]);
    expect(code).toBe(0);
    expect(stdout).toContain('compared with the saved settings: 1 never\n');
    expect(stdout).toMatch(/ {2}never {2}F-2026-001 level 1: \S+ -> none \(\w+\) {2}ada/);
    expect((await world.store.doc('followups/ada').get()).get('level')).toBe(0);
    const far = await ronde(['what-if', 'org-1', '--until', '2027-01-01T00:00:00Z']);
    expect(far).toMatchObject({ code: 1, stderr: expect.stringContaining('90 days') });
  });

  it('preview prints the mail, or what is missing for it', async () => {
    const shown = await ronde(['preview', 'ada']);
    expect(shown.code).toBe(0);
    expect(shown.stdout).toContain(
      'To: Ada Lovelace <ada@example.test>\nSubject: Rappel : facture F-2026-001',
    );
    expect(JSON.parse((await ronde(['preview', 'ada', '--level', '3', '--json'])).stdout)).toMatchObject({
      level: 3,
    });
    expect(await ronde(['preview', 'bob'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('customer.email is missing'),
    });
    expect(await ronde(['preview', 'nobody'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('404: There is no follow-up "nobody"; its id stands on its page'),
    });
    expect((await ronde(['preview'])).code).toBe(2);
  });

  it('send prints the mail, asks, and sends only after a yes', async () => {
    expect((await ronde(['send', 'ada'], 'n\n')).code).toBe(1);
    expect(world.smtp.mails()).toHaveLength(0);
    const sent = await ronde(['send', 'ada'], 'y\n');
    expect(sent).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Level 1: The mail server has accepted it.'),
    });
    expect(world.smtp.mails()).toHaveLength(1);
    world.smtp.refuse('ada@example.test', 550);
    expect((await ronde(['send', 'ada', '--yes'])).stderr).toContain('too recent');
    expect(await ronde(['send', 'ada', '--yes', '--confirm'])).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('refuses the address'),
    });
  });

  it('stop ends a follow-up, and explain prints why and every decision', async () => {
    expect((await ronde(['explain', 'ada'])).stdout).toContain('send (due): It is due');
    await ronde(['send', 'ada', '--yes']);
    expect(await ronde(['stop', 'ada', '--reason', 'Accord au téléphone'])).toMatchObject({
      code: 0,
      stdout: 'ada is stopped\n',
    });
    const explained = await ronde(['explain', 'ada']);
    expect(explained.stdout).toContain('wait (stopped): Somebody has stopped it.');
    expect(explained.stdout).toMatch(/level 1 {2}stopped {2}Accord au téléphone; by admintest1/);
    expect(explained.stdout).toMatch(/level 1 {2}sent {2}250 /);
    expect(JSON.parse((await ronde(['explain', 'bob', '--json'])).stdout)).toMatchObject({
      reason: 'no_email',
      history: [],
    });
  });

  it('explain takes the number of a document, and names those that share one', async () => {
    const labelled = followupFields({ source_label: 'F-2026/9', next_due_at: stamp(NOW.getTime() - 1) });
    await seed(world.store, 'followups', new Map([['nine', labelled]]));
    expect((await ronde(['explain', 'F-2026/9'])).stdout).toContain('send (due): It is due');
    const shared = await ronde(['stop', 'F-2026-001']);
    expect(shared).toMatchObject({ code: 2, stdout: '' });
    expect(shared.stderr).toMatch(
      /^2 followups are called "F-2026-001"; give the id of one:\n {2}ada .*\n {2}bob /,
    );
    expect(await ronde(['explain', 'F-1'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('404'),
    });
  });

  it('customer says what holds for one, changes it, and takes one kind of pause at a time', async () => {
    const at = ['customer', 'org-1', 'Ada@example.test'];
    expect((await ronde(at)).stdout).toBe('ada@example.test gets reminders\n');
    expect((await ronde([...at, '--promised', '2026-03-12', '--note', 'by telephone'])).stdout).toBe(
      'ada@example.test waits (promise, payment promised for 2026-03-12): by telephone\n1 open follow-ups of this customer are changed\n',
    );
    expect((await ronde(['explain', 'ada'])).stdout).toContain('wait (customer_promised)');
    expect((await ronde([...at, '--exclude', '--resume'])).stdout).toContain('gets no reminders');
    expect((await ronde([...at, '--dispute', '--resume'])).code).toBe(2);
  });

  it('explain prints the page where a person settles an uncertain mail or confirms a held one', async () => {
    const parked = { reason: 'unknown_delivery', at: stamp(NOW.getTime()), due_at: null, detail: 'lost' };
    await world.store
      .doc('billing_settings/org-1')
      .set(settingsFields({ held_due_before: stamp(NOW.getTime()) }));
    await world.store.doc('followups/lost').set(followupFields({ next_due_at: null, parked }));
    const lost = await ronde(['explain', 'lost']);
    expect(lost.stdout).toContain(`settle it in the console: ${world.url}/console/followups/lost\n`);
    const held = await ronde(['explain', 'ada']);
    expect(held.stdout).toContain(`confirm it in the console: ${world.url}/console/followups/ada\n`);
    await world.store.doc('followups/ada').update({ status: 'paid' });
    expect((await ronde(['explain', 'ada'])).stdout).not.toContain('/console/');
  });
});
