import { setTimeout as delay } from 'node:timers/promises';
import { type LocalImap, startImap } from '../../../infra/local/imap/imap.ts';
import { systemClock } from '../../../shared/doors/clock.ts';
import { integrationDocument } from '../../support/inbox/integrations.ts';
import { atMost, type Bench, below, measure } from '../bench.ts';
import { heavyMail } from '../inbox/mails.ts';
import { type Engines, type Lab, type Project, usage } from '../lab.ts';
import { interleave } from '../rounds.ts';

const SMALL_BYTES = 150_000;
const LARGE_BYTES = 25_000_000;
/** Node's memory limit in a container with the 512Mi of infra/scheduler.yaml, as in the bench `inbox`. */
const AS_DEPLOYED = { NODE_OPTIONS: '--max-old-space-size=256 --max-semi-space-size=2' };
/** A slow reader pauses after this many octets, so that anything the console does not hold back piles up in it. */
const READ_BYTES = 1_000_000;
const REST_MS = 50;

/** Synchronises a mailbox of two mails. Returns the console's addresses of their attachments, by size. */
async function stored(lab: Lab, project: Project, imap: LocalImap): Promise<Map<number, string>> {
  const [user] = imap.users;
  if (!user) throw new Error('the IMAP server has no account');
  const { id, fields } = integrationDocument(project, imap, user);
  await project.store.doc(`inbox_integrations/${id}`).create(fields);
  const task = await lab.start('sync-inbox', project.environment);
  try {
    const response = await fetch(task.url, { method: 'POST', headers: { 'X-Cron-Secret': project.secret } });
    if (!response.ok) throw new Error(await response.text());
  } finally {
    await task.kill();
  }
  const { docs } = await project.store.collection('inbox_messages').get();
  const found = docs.flatMap((doc) =>
    (doc.get('attachments') as { part: string; size: number }[]).map(
      ({ part, size }) =>
        [
          size > LARGE_BYTES ? LARGE_BYTES : SMALL_BYTES,
          `/api/inbox/messages/${doc.id}/attachments/${part}`,
        ] as const,
    ),
  );
  return new Map(found);
}

/** Measures the peak memory of a new console that sends one attachment to a slow reader. */
async function peakOf(lab: Lab, engines: Engines, project: Project, path: string, bytes: number) {
  const console_ = await lab.start('console', { ...project.environment, ...AS_DEPLOYED });
  try {
    const token = await engines.issuer.userToken('admintest1');
    const response = await fetch(console_.url + path, { headers: { Authorization: `Bearer ${token}` } });
    if (!response.ok || !response.body) throw new Error(`HTTP ${response.status}: ${await response.text()}`);
    let read = 0;
    let rested = 0;
    for await (const chunk of response.body) {
      read += chunk.length;
      if (read - rested < READ_BYTES) continue;
      rested = read;
      await delay(REST_MS);
    }
    if (read !== bytes) throw new Error(`${read} octets came of ${bytes}`);
    const { peakMegabytes } = usage(console_);
    lab.progress(`  console: an attachment of ${bytes} octets, ${peakMegabytes.toFixed(0)} MB`);
    return peakMegabytes;
  } finally {
    await console_.kill();
  }
}

/** Measures that the console streams an attachment, however large it is and however slowly its client reads. */
export const attachment: Bench = {
  name: 'attachment',
  compares: `the console's peak memory while it sends a slow reader an attachment of ${LARGE_BYTES / 1e6} MB, against one of ${SMALL_BYTES / 1e3} kB`,
  targets: { 'growth for an attachment of 25 MB': atMost(60), 'peak memory': below(250) },
  async run(lab) {
    await lab.build(['sync-inbox', 'console'], []);
    const imap = await startImap({ prefer: 'real', users: ['reader'] });
    if (!imap) throw new Error('Dovecot is not on this machine; install dovecot-imapd.');
    try {
      const now = systemClock();
      imap.deliver('reader', [heavyMail(SMALL_BYTES), heavyMail(LARGE_BYTES)], () => now);
      const sides = await lab.withEngines(async (engines) => {
        const project = engines.project();
        const paths = await stored(lab, project, imap);
        const side = (bytes: number) => () =>
          peakOf(lab, engines, project, paths.get(bytes) ?? '/missing', bytes);
        return await interleave(lab.quick ? 1 : 3, { less: side(SMALL_BYTES), more: side(LARGE_BYTES) });
      });
      const growth = sides.more.map((peak, round) => peak - (sides.less[round] ?? Number.NaN));
      return {
        'growth for an attachment of 25 MB': measure('MB', growth),
        'peak memory': measure('MB', sides.more),
      };
    } finally {
      await imap.stop();
    }
  },
};
