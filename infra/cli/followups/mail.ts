import { z } from 'zod';
import { callAdmin } from '../admin-call.ts';
import type { Target } from '../target.ts';
import { confirm, type Terminal } from '../terminal.ts';
import { followupPath } from './path.ts';

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
const sendResult = z.looseObject({
  sent: z.boolean(),
  level: z.number(),
  message: z.object({ en: z.string() }),
  message_id: z.string().nullable(),
  response: z.string().nullable(),
});

const formatAddress = ({ name, address }: z.infer<typeof mailbox>) =>
  name ? `${name} <${address}>` : address;

/** Prints the reminder of a level, by default the next one, as it would go out. */
export async function previewReminder(
  target: Target,
  id: string,
  { level, json }: { level?: string; json?: true },
  terminal: Terminal,
): Promise<void> {
  const mail = await readPreview(target, id, level);
  if (json) terminal.print(JSON.stringify(mail, null, 2));
  else printPreview(mail, terminal);
}

function readPreview(target: Target, id: string, level?: string) {
  const query = level === undefined ? '' : `?level=${encodeURIComponent(level)}`;
  const path = `${followupPath(id, 'preview')}${query}`;
  return callAdmin(target, preview, { method: 'GET', path });
}

function printPreview(mail: z.infer<typeof preview>, { print }: Terminal): void {
  print(`Level ${mail.level}`);
  print(`From: ${formatAddress(mail.from)}`);
  if (mail.reply_to) print(`Reply-To: ${mail.reply_to}`);
  print(
    `To: ${formatAddress(mail.to)}${mail.redirected_to ? ` (goes to ${mail.redirected_to} instead)` : ''}`,
  );
  print(`Subject: ${mail.subject}\n`);
  print(mail.text);
}

/** Shows the next reminder, asks, and sends that one. Returns 1 if it was not sent. */
export async function sendReminder(
  target: Target,
  id: string,
  flags: { yes?: true; confirm?: true; json?: true },
  terminal: Terminal,
): Promise<number> {
  const mail = await readPreview(target, id);
  if (!flags.yes) {
    printPreview(mail, terminal);
    if (!(await confirm('Send it now?'))) return 1;
  }
  const body = { level: mail.level, ...(flags.confirm ? { confirm: true } : {}) };
  const request = { method: 'POST', path: followupPath(id, 'send'), body } as const;
  const answer = await callAdmin(target, sendResult, request);
  const { message, level, message_id, response } = answer;
  if (flags.json) terminal.print(JSON.stringify(answer, null, 2));
  else terminal.print(`Level ${level}: ${message.en} ${[message_id, response].filter(Boolean).join(' ')}`);
  return answer.sent ? 0 : 1;
}
