import { type Firestore, Timestamp } from '@google-cloud/firestore';
import { clear, seed } from '../../support/documents.ts';
import { atMost, type Bench, below, measure } from '../bench.ts';
import type { Engines, Lab, Project } from '../lab.ts';
import { interleave } from '../rounds.ts';
import { pairedRatios } from '../stats.ts';

const TASK = 'check-delay-alerts';
const BARE = 'bare-alerts';
const DAY_MS = 86_400_000;
const RECIPIENTS = 5;
const STAGES = ['diagnosis', 'quote', 'parts', 'repair', 'test'];
/** One active ticket in four is too young to be late, and the task does not read it. */
const YOUNG_OF = 4;
/** Enough tickets to connect the process and compile its code before the measurement. */
const WARM_UP = { tickets: 400, late: 20 };
/** Settings, unsettled digests, the run's record, the search for abandoned runs, the end of a stream. */
const CONSTANT_READS = 5;
/** The documents that a run reads per recipient: the recipient and the last alerts. */
const READS_OF_RECIPIENT = 2;
/**
 * The task counts late tickets again before a mail, a thousand per read. Mails of the same moment share the count.
 */
const READS_OF_LOOK = 1;

interface AlertScale {
  tickets: number;
  late: number;
}

async function seedTickets(store: Firestore, { tickets, late }: AlertScale): Promise<void> {
  const now = Date.now();
  const at = (days: number) => Timestamp.fromMillis(now - days * DAY_MS);
  const old = [...Array(tickets).keys()].filter((index) => index % YOUNG_OF !== 0);
  const isLate = new Set(
    old.filter((_, place) => place % Math.floor(old.length / late) === 0).slice(0, late),
  );
  const documents = [...Array(tickets).keys()].map((index): [string, object] => {
    const young = index % YOUNG_OF === 0;
    const entered = isLate.has(index) ? 15 + (index % 60) : 1 + (index % 12);
    return [
      `ticket-${index}`,
      {
        number: `R-${10_000 + index}`,
        device: 'A telephone with a broken screen',
        customer_name: `Customer ${index}`,
        status: 'active',
        stage: STAGES[Math.floor(index / 7) % STAGES.length],
        stage_entered_at: at(young ? 3 : entered),
        created_at: at(young ? 5 : 80 + (index % 200)),
        notes: 'What was said at the counter, and what the customer wants done about it. '.repeat(3),
      },
    ];
  });
  await seed(store, 'tickets', new Map(documents));
}

interface AlertBenchRun {
  ms: number;
  cost: Record<string, number>;
}

/** Notifies all recipients with a new process of this function, on new engines. */
async function alertsOnce(
  lab: Lab,
  engines: Engines,
  name: string,
  scale: AlertScale,
): Promise<AlertBenchRun> {
  const project = engines.project();
  const { store } = project;
  const people = [...Array(RECIPIENTS).keys()].map((index): [string, object] => [
    `recipient-${index}`,
    { name: 'Somebody', email: `recipient-${index}@example.test`, active: true, locale: 'en' },
  ]);
  await seed(store, 'alert_recipients', new Map(people));
  const process = await lab.start(name, project.environment);
  try {
    await seedTickets(store, WARM_UP);
    await callAlerts(process.url, project, WARM_UP.late);
    for (const collection of ['tickets', 'delay_alert_logs', 'delay_alert_states'])
      await clear(store, collection);
    await seedTickets(store, scale);
    engines.smtp.clear();
    const began = performance.now();
    const cost = await callAlerts(process.url, project, scale.late);
    const ms = performance.now() - began;
    const mails = engines.smtp.mails().length;
    if (mails !== RECIPIENTS) throw new Error(`${name} sent ${mails} mails to ${RECIPIENTS} recipients`);
    lab.progress(`  ${name}: ${scale.late} of ${scale.tickets} tickets are late, ${ms.toFixed(0)} ms`);
    return { ms, cost };
  } finally {
    await process.kill();
  }
}

/** Calls a function and returns its cost. Throws unless each mail lists exactly this many tickets. */
async function callAlerts(url: string, { secret }: Project, late: number): Promise<Record<string, number>> {
  const response = await fetch(url, { method: 'POST', headers: { 'X-Cron-Secret': secret } });
  const answer = (await response.json()) as { alerts?: { sent: number }; cost?: Record<string, number> };
  if (response.status !== 200 || answer.alerts?.sent !== late * RECIPIENTS)
    throw new Error(`${late} late tickets, but ${response.status}: ${JSON.stringify(answer)}`);
  return answer.cost ?? {};
}

/** Compares alerts about late tickets with the bare query, mails and log, and measures the cost. */
export const alerts: Bench = {
  name: 'alerts',
  compares: `${TASK} against a bare query with one mail and one batch of log rows for each of ${RECIPIENTS} recipients, without conditions`,
  targets: {
    'time / bare': below(1.5),
    'reads beyond the old tickets and three per recipient': atMost(CONSTANT_READS),
    emails: atMost(RECIPIENTS),
  },
  async run(lab) {
    await lab.build([TASK], [BARE]);
    const scale = lab.quick ? { tickets: 2_000, late: 50 } : { tickets: 20_000, late: 500 };
    const once = (name: string) => () => lab.withEngines((engines) => alertsOnce(lab, engines, name, scale));
    const runs = await interleave(lab.quick ? 2 : 5, { ours: once(TASK), bare: once(BARE) });
    const old = scale.tickets - Math.ceil(scale.tickets / YOUNG_OF);
    const cost = (kind: string) => runs.ours.map((run) => run.cost[kind] ?? Number.NaN);
    const time = (side: 'ours' | 'bare') => runs[side].map((run) => run.ms);
    const allowed = old + RECIPIENTS * (READS_OF_RECIPIENT + READS_OF_LOOK);
    return {
      'time / bare': measure('ratio', pairedRatios(time('ours'), time('bare'))),
      'reads beyond the old tickets and three per recipient': measure(
        'reads',
        cost('firestore_reads').map((reads) => Math.max(0, reads - allowed)),
      ),
      emails: measure('mails', cost('emails')),
      'ours, reads beyond the old tickets': measure(
        'reads',
        cost('firestore_reads').map((reads) => reads - old),
      ),
      'ours, writes': measure('writes', cost('firestore_writes')),
      ours: measure('ms', time('ours')),
      bare: measure('ms', time('bare')),
      'ours, list price': measure('USD', cost('usd')),
    };
  },
};
