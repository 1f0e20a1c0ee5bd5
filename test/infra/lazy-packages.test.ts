import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { bundleFunction } from '../../infra/build.ts';

/** Lies within the project, so that the sources find its packages. */
const folder = resolve(`.local/lazy-packages-${process.pid}`);
mkdirSync(folder, { recursive: true });
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Bundles a source as a function is, loads it in a separate process, and returns what it prints. */
async function run(name: string, source: string): Promise<string[]> {
  const entry = join(folder, `${name}.ts`);
  writeFileSync(entry, source);
  const out = join(folder, name);
  await bundleFunction(name, entry, out);
  const { stdout, stderr, status } = spawnSync(process.execPath, [out], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.trim().split('\n');
}

const LOADED = `
  import Module from 'node:module';
  const print = (step) => {
    const files = Object.keys(Module._cache).map((file) => file.split('/').at(-1)).filter((file) => file !== 'index.js');
    console.log([step, ...files].join(' '));
  };`;

test('a bundle loads a heavy package at its first use, and then all of it', async () => {
  const lines = await run(
    'first-use',
    `import { FieldValue, Timestamp } from '@google-cloud/firestore';
    import { Redis } from '@upstash/redis';
    ${LOADED}
    print('start');
    print(Timestamp.fromMillis(1500).toMillis());
    print(new Timestamp(1, 0) instanceof Timestamp && FieldValue.delete().isEqual(FieldValue.delete()));
    print(new Redis({ url: 'http://127.0.0.1:1', token: 'none' }) instanceof Redis);`,
  );
  expect(lines).toEqual([
    'start',
    '1500 google-cloud-firestore.js',
    'true google-cloud-firestore.js',
    'true google-cloud-firestore.js upstash-redis.js',
  ]);
});

test('named and default imports of the mail packages work when they are loaded late', async () => {
  const lines = await run(
    'mail',
    `import { ImapFlow } from 'imapflow';
    import nodemailer, { createTransport } from 'nodemailer';
    ${LOADED}
    print('start');
    print(nodemailer.createTransport === createTransport && typeof createTransport({}).sendMail);
    print(new ImapFlow({ host: 'localhost', port: 1, logger: false }).host);`,
  );
  expect(lines).toEqual(['start', 'function nodemailer.js', 'localhost nodemailer.js imapflow.js']);
});

test('bundles a part of a package, and loads no mail client before a mailbox is opened', async () => {
  const lines = await run(
    'part',
    `import { parseEnvelope } from 'imapflow/lib/tools.js';
    import { MailboxConnection } from '${resolve('shared/domains/inbox/imap/connection.ts')}';
    ${LOADED}
    const rules = { local: false };
    const far = { host: '10.0.0.1', port: 993, secure: true, ca: null };
    const main = async () => {
      print('start');
      print(await MailboxConnection.open(far, { user: 'anna', password: 'x' }, rules).catch(({ failure }) => failure.kind));
      print(parseEnvelope([null, { type: 'STRING', value: 'Hello' }]).subject);
    };
    void main();`,
  );
  expect(lines).toEqual(['start', 'host', 'Hello imapflow.js']);
});
