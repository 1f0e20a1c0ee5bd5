import { type LocalSmtp, startSmtp } from '../../../infra/local/smtp/smtp.ts';
import { SEEN } from '../../../shared/domains/followups/schedule/plan.ts';
import { systemClock } from '../../../shared/doors/clock.ts';
import { seed } from '../../support/documents.ts';
import { followupFields, settingsFields, stamp } from '../../support/followups.ts';
import { atLeast, atMost, type Bench, measure } from '../bench.ts';
import type { Engines, Lab, Project } from '../lab.ts';
import { interleave } from '../rounds.ts';
import { pairedRatios } from '../stats.ts';

const TASK = 'process-followups';
const BARE = 'bare-mails';
/**
 * The settings, the search for abandoned runs, the run's record, the empty end of a query, and the looks for rows of other
 * back ends, for owners to notify, and for customers that hold something.
 */
const CONSTANT_READS = 12;
/** Two counts find rows that no walk has seen; Firestore bills one read per 1,000 index entries. */
const READS_PER_THOUSAND = 2;
/** Enough mails to connect the process and compile its code and the emulator's before the measurement. */
const WARM_UP = 300;
const DAY_MS = 86_400_000;

/** Writes open follow-ups of different customers. Some are due now, the others within the next month. */
async function seedFollowups({ store }: Project, prefix: string, open: number, due: number): Promise<void> {
  const now = systemClock().getTime();
  const one = (index: number): [string, object] => {
    const id = `${prefix}-${index}`;
    const dueAt = index < due ? now - (index + 1) * 1000 : now + (1 + (index % 30)) * DAY_MS;
    return [
      id,
      followupFields({
        customer: { name: `Customer ${index}`, email: `${id}@example.test` },
        next_due_at: stamp(dueAt),
        seen: SEEN,
      }),
    ];
  };
  await seed(store, 'followups', new Map(Array.from({ length: open }, (_, index) => one(index))));
}

interface SentReminders {
  perSecond: number;
  reads: number;
  writes: number;
}

/** Measures the task's mails: a warm process on new engines with this many open follow-ups. */
async function ours(
  lab: Lab,
  engines: Engines,
  smtp: LocalSmtp,
  open: number,
  due: number,
): Promise<SentReminders> {
  const project = engines.project();
  const process = await lab.start(TASK, { ...project.environment, ...account(smtp) });
  const run = async (expected: number) => {
    const began = performance.now();
    const response = await fetch(process.url, {
      method: 'POST',
      headers: { 'X-Cron-Secret': project.secret },
    });
    const answer = (await response.json()) as { followups?: { sent: number }; cost: Record<string, number> };
    if (answer.followups?.sent !== expected)
      throw new Error(`${expected} mails were due, but ${response.status}: ${JSON.stringify(answer)}`);
    return { seconds: (performance.now() - began) / 1000, cost: answer.cost };
  };
  try {
    await project.store.doc('billing_settings/org-1').set(settingsFields());
    await seedFollowups(project, 'warm', WARM_UP, WARM_UP);
    await run(WARM_UP);
    await seedFollowups(project, 'f', open, due);
    const { seconds, cost } = await run(due);
    lab.progress(`  ${TASK}: ${due} of ${open} in ${seconds.toFixed(1)} s, ${cost.firestore_reads} reads`);
    return {
      perSecond: due / seconds,
      reads: cost.firestore_reads ?? NaN,
      writes: cost.firestore_writes ?? NaN,
    };
  } finally {
    await process.kill();
    smtp.clear();
  }
}

async function bare(lab: Lab, smtp: LocalSmtp, count: number): Promise<SentReminders> {
  const process = await lab.start(BARE, account(smtp));
  try {
    await fetch(`${process.url}?mails=${WARM_UP}`, { method: 'POST' });
    const began = performance.now();
    await fetch(`${process.url}?mails=${count}`, { method: 'POST' });
    const seconds = (performance.now() - began) / 1000;
    if (smtp.mails().length !== WARM_UP + count) throw new Error(`only ${smtp.mails().length} mails arrived`);
    lab.progress(`  ${BARE}: ${count} mails in ${seconds.toFixed(1)} s`);
    return { perSecond: count / seconds, reads: 0, writes: 0 };
  } finally {
    await process.kill();
    smtp.clear();
  }
}

const account = (smtp: LocalSmtp) => ({
  EMAIL_HOST: smtp.host,
  EMAIL_PORT: String(smtp.port),
  EMAIL_USE_TLS: 'false',
});

/** Compares the due reminders among many others with bare mails, and measures the reads. */
export const followups: Bench = {
  name: 'followups',
  compares: `${TASK} over due reminders among many others, against nodemailer alone without a pool, both with eight dialogues at a time and the same server`,
  targets: {
    'mails per second / bare': atLeast(0.7),
    'reads per due one beyond constants': atMost(5),
    'reads with five times as many open': atMost(CONSTANT_READS + 40 * READS_PER_THOUSAND),
  },
  async run(lab) {
    await lab.build([TASK], [BARE]);
    const [open, fewer, due] = lab.quick ? [5_000, 1_000, 200] : [50_000, 10_000, 1_000];
    const smtp = await startSmtp({ clock: systemClock });
    const once = (count: number) => () => lab.withEngines((engines) => ours(lab, engines, smtp, count, due));
    try {
      const runs = await interleave(lab.quick ? 2 : 3, {
        ours: once(open),
        bare: () => bare(lab, smtp, due),
        fewer: once(fewer),
      });
      const rates = (side: keyof typeof runs) => runs[side].map(({ perSecond }) => perSecond);
      const reads = (side: keyof typeof runs) => runs[side].map((run) => run.reads);
      return {
        'mails per second / bare': measure('ratio', pairedRatios(rates('ours'), rates('bare'))),
        'reads per due one beyond constants': measure(
          'reads',
          reads('ours').map((all) => (all - CONSTANT_READS) / due),
        ),
        'reads with five times as many open': measure(
          'reads more',
          reads('ours').map((all, round) => Math.abs(all - (reads('fewer')[round] ?? NaN))),
        ),
        'writes per mail': measure(
          'writes',
          runs.ours.map(({ writes }) => writes / due),
        ),
        [`ours, ${due} of ${open} due`]: measure('mails/s', rates('ours')),
        [`ours, ${due} of ${fewer} due`]: measure('mails/s', rates('fewer')),
        [`bare, ${due}`]: measure('mails/s', rates('bare')),
      };
    } finally {
      await smtp.stop();
    }
  },
};
