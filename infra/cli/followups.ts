import type { Command } from 'commander';
import { z } from 'zod';
import { callAdmin } from './admin-call.ts';
import { findTarget, type Target } from './target.ts';
import { confirm, printable, type Terminal } from './terminal.ts';

interface Flags {
  level?: string;
  reason?: string;
  yes?: true;
  json?: true;
}

const mailbox = z.looseObject({ name: z.string().optional(), address: z.string() });
const preview = z.looseObject({
  level: z.number(),
  from: mailbox,
  to: mailbox,
  reply_to: z.string().nullable(),
  redirected_to: z.string().nullable(),
  subject: z.string(),
  text: z.string(),
});
const sent = z.looseObject({
  sent: z.boolean(),
  level: z.number(),
  message: z.object({ en: z.string() }),
  message_id: z.string().nullable(),
  response: z.string().nullable(),
});
const explanation = z.looseObject({
  decision: z.string(),
  reason: z.string(),
  message: z.object({ en: z.string() }),
  detail: z.string().nullable(),
  level: z.number().nullable(),
  levels: z.number(),
  next_due_at: z.string().nullable(),
  last_run: z
    .looseObject({
      run_id: z.string(),
      reasons: z.array(
        z.looseObject({ reason: z.string(), count: z.number(), message: z.object({ en: z.string() }) }),
      ),
    })
    .nullish(),
});
const line = z.looseObject({
  at: z.string().nullable(),
  reason: z.string(),
  level: z.number(),
  detail: z.string().nullish(),
  response: z.string().nullish(),
  run_id: z.string().nullish(),
  by: z.string().nullish(),
});
const history = z.looseObject({ items: z.array(line) });
const followup = z.looseObject({ id: z.string(), status: z.string() });
const listed = z.looseObject({
  items: z.array(
    z.looseObject({
      id: z.string(),
      org_id: z.string(),
      source_label: z.string().nullish(),
      status: z.string(),
      level: z.number().nullish(),
      next_due_at: z.string().nullish(),
      parked: z.looseObject({ reason: z.string() }).nullish(),
    }),
  ),
  next_page: z.string().nullish(),
});
/** So many in one answer. */
const PAGE = 100;

/** `ronde followups list`, `ronde followups preview|send|stop|explain ID`. */
export function addFollowups(program: Command, terminal: Terminal): void {
  const followups = program.command('followups').description('reminders about invoices and quotes');
  const json = ['--json', 'print the answer as JSON'] as const;

  followups
    .command('list')
    .description('list reminders with their ids, which the other commands take')
    .option('--org <org_id>', 'of one organisation')
    .option('--status <status>', 'open, paid, accepted, cancelled or stopped', 'open')
    .option(...json)
    .action(async (flags: ListFlags) => list(await findTarget(), flags, terminal));

  followups
    .command('preview <id>')
    .description('show the mail of the next level exactly as it would go out')
    .option('--level <n>', 'of another level')
    .option(...json)
    .action(async (id: string, flags: Flags) => show(await findTarget(), id, flags, terminal));

  followups
    .command('send <id>')
    .description('send the next level now, through the same claim as a run')
    .option('--yes', 'do not ask')
    .option(...json)
    .action(async (id: string, flags: Flags) =>
      terminal.exit(await send(await findTarget(), id, flags, terminal)),
    );

  followups
    .command('stop <id>')
    .description('end the reminders about this document')
    .option('--reason <text>', 'kept in its history')
    .option(...json)
    .action(async (id: string, flags: Flags) => {
      const body = flags.reason === undefined ? {} : { reason: flags.reason };
      const answer = await callAdmin(await findTarget(), followup, 'POST', path(id, 'stop'), body);
      terminal.print(flags.json ? JSON.stringify(answer, null, 2) : `${answer.id} is ${answer.status}`);
    });

  followups
    .command('explain <id>')
    .description('why it goes or does not, and every decision so far')
    .option(...json)
    .action(async (id: string, flags: Flags) => explain(await findTarget(), id, flags, terminal));
}

interface ListFlags {
  org?: string;
  status: string;
  json?: true;
}

async function list(target: Target, flags: ListFlags, { print }: Terminal): Promise<void> {
  const query = new URLSearchParams({ limit: String(PAGE), status: flags.status });
  if (flags.org !== undefined) query.set('org_id', flags.org);
  const items: z.infer<typeof listed>['items'] = [];
  for (let more = true; more; ) {
    const answer: z.infer<typeof listed> = await callAdmin(target, listed, 'GET', `/api/followups?${query}`);
    items.push(...answer.items);
    more = typeof answer.next_page === 'string';
    if (answer.next_page) query.set('page', answer.next_page);
  }
  if (flags.json) return print(JSON.stringify({ items }, null, 2));
  if (items.length === 0) return print(`no ${flags.status} follow-ups`);
  for (const { id, org_id, source_label, status, level, next_due_at, parked } of items) {
    const next = parked ? `waits: ${parked.reason}` : `next ${next_due_at ?? 'none'}`;
    print(printable(`${id}  ${source_label ?? ''}  ${org_id}  ${status}  level ${level ?? 0}  ${next}`));
  }
}

const path = (id: string, what: string) => `/api/followups/${encodeURIComponent(id)}/${what}`;

async function show(target: Target, id: string, { level, json }: Flags, { print }: Terminal): Promise<void> {
  const query = level === undefined ? '' : `?level=${encodeURIComponent(level)}`;
  const mail = await callAdmin(target, preview, 'GET', `${path(id, 'preview')}${query}`);
  if (json) return print(JSON.stringify(mail, null, 2));
  const named = ({ name, address }: z.infer<typeof mailbox>) => (name ? `${name} <${address}>` : address);
  print(`Level ${mail.level}`);
  print(`From: ${named(mail.from)}`);
  if (mail.reply_to) print(`Reply-To: ${mail.reply_to}`);
  print(`To: ${named(mail.to)}${mail.redirected_to ? ` (goes to ${mail.redirected_to} instead)` : ''}`);
  print(`Subject: ${mail.subject}\n`);
  print(mail.text);
}

async function send(target: Target, id: string, flags: Flags, terminal: Terminal): Promise<number> {
  if (!flags.yes) {
    await show(target, id, {}, terminal);
    if (!(await confirm('Send it now?'))) return 1;
  }
  const answer = await callAdmin(target, sent, 'POST', path(id, 'send'), {});
  const { message, level, message_id, response } = answer;
  if (flags.json) terminal.print(JSON.stringify(answer, null, 2));
  else terminal.print(`Level ${level}: ${message.en} ${[message_id, response].filter(Boolean).join(' ')}`);
  return answer.sent ? 0 : 1;
}

/** What only a person can do, by the reason that it waits for; the page has the button, or leads to it. */
const ON_THE_PAGE: Readonly<Record<string, string>> = {
  unknown_delivery: 'settle it in the console',
  held: 'confirm it in the console',
};

async function explain(target: Target, id: string, { json }: Flags, { print }: Terminal): Promise<void> {
  const now = await callAdmin(target, explanation, 'GET', path(id, 'explain'));
  const past = await callAdmin(target, history, 'GET', `${path(id, 'history')}?limit=500`);
  if (json) return print(JSON.stringify({ ...now, history: past.items }, null, 2));
  const next = now.level === null ? 'no further level' : `level ${now.level} of ${now.levels} is next`;
  print(`${now.decision} (${now.reason}): ${now.message.en}`);
  if (now.detail) print(now.detail);
  if (ON_THE_PAGE[now.reason])
    print(`${ON_THE_PAGE[now.reason]}: ${target.url}/console/followups/${encodeURIComponent(id)}`);
  print(`${next}${now.next_due_at ? `, due ${now.next_due_at}` : ''}`);
  for (const { reason, count, message } of now.last_run?.reasons ?? [])
    print(`the last run, ${now.last_run?.run_id}, left ${count} (${reason}): ${message.en}`);
  for (const { at, level, reason, detail, response, run_id, by } of past.items) {
    const who = by ?? run_id;
    const more = [detail, response, who ? `by ${who}` : null].filter(Boolean).join('; ');
    print(`  ${at}  level ${level}  ${reason}${more ? `  ${more}` : ''}`);
  }
}
