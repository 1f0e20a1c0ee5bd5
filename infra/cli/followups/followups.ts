import type { Command } from 'commander';
import { z } from 'zod';
import { callAdmin } from '../admin-call.ts';
import { findTarget } from '../target.ts';
import type { Terminal } from '../terminal.ts';
import { explainFollowup } from './explain.ts';
import { type ListFlags, listFollowups } from './list.ts';
import { previewReminder, sendReminder } from './mail.ts';
import { followupPath } from './path.ts';

interface FollowupFlags {
  level?: string;
  reason?: string;
  yes?: true;
  confirm?: true;
  json?: true;
}

const followup = z.looseObject({ id: z.string(), status: z.string() });

/** Adds `ronde followups list` and `ronde followups preview|send|stop|explain ID`. */
export function addFollowups(program: Command, terminal: Terminal): void {
  const followups = program.command('followups').description('reminders about invoices and quotes');
  const json = ['--json', 'print the answer as JSON'] as const;

  followups
    .command('list')
    .description('list follow-ups with the ids that the other commands take')
    .option('--org <org_id>', 'only those of one organisation')
    .option('--status <status>', 'open, paid, accepted, cancelled or stopped', 'open')
    .option(...json)
    .action(async (flags: ListFlags) => listFollowups(await findTarget(), flags, terminal));

  followups
    .command('preview <id>')
    .description('show the next reminder exactly as it would go out')
    .option('--level <n>', 'show this level instead')
    .option(...json)
    .action(async (id: string, flags: FollowupFlags) =>
      previewReminder(await findTarget(), id, flags, terminal),
    );

  followups
    .command('send <id>')
    .description('send the next reminder now, under the same claim as a run')
    .option('--yes', 'do not ask')
    .option('--confirm', 'send it during a pause, up to the due day, soon after another mail, or while held')
    .option(...json)
    .action(async (id: string, flags: FollowupFlags) =>
      terminal.exit(await sendReminder(await findTarget(), id, flags, terminal)),
    );

  followups
    .command('stop <id>')
    .description('end the reminders about this document')
    .option('--reason <text>', 'a reason for its history')
    .option(...json)
    .action(async (id: string, { reason, json: asJson }: FollowupFlags) => {
      const body = reason === undefined ? {} : { reason };
      const request = { method: 'POST', path: followupPath(id, 'stop'), body } as const;
      const answer = await callAdmin(await findTarget(), followup, request);
      terminal.print(asJson ? JSON.stringify(answer, null, 2) : `${answer.id} is ${answer.status}`);
    });

  followups
    .command('explain <id>')
    .description('explain why its reminder goes or does not go, with every decision so far')
    .option(...json)
    .action(async (id: string, flags: FollowupFlags) =>
      explainFollowup(await findTarget(), id, flags, terminal),
    );
}
