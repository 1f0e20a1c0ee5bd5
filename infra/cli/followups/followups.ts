import type { Command } from 'commander';
import { z } from 'zod';
import { callAdmin } from '../admin-call.ts';
import { findId } from '../find-id.ts';
import { findTarget, type Target } from '../target.ts';
import type { Terminal } from '../terminal.ts';
import { type BulkFlags, changeMany } from './bulk.ts';
import { type CustomerFlags, showCustomer } from './customer.ts';
import { explainFollowup } from './explain.ts';
import { type ListFlags, listFollowups } from './list.ts';
import { previewReminder, sendReminder } from './mail.ts';
import { followupPath } from './path.ts';
import { showWhatIf, type WhatIfFlags } from './what-if.ts';

interface FollowupFlags {
  level?: string;
  reason?: string;
  yes?: true;
  confirm?: true;
  json?: true;
}

const followup = z.looseObject({ id: z.string(), status: z.string() });

/** Finds the follow-up that is named by its id, or by the number of its document. */
async function find(named: string): Promise<[target: Target, id: string]> {
  const target = await findTarget();
  return [target, await findId(target, 'followups', named)];
}

/** Adds `ronde followups list`, `what-if ORG`, `customer ORG ADDRESS`, `preview|send|stop|explain ID`, and `requeue|settle` for many. */
export function addFollowups(program: Command, terminal: Terminal): void {
  const followups = program
    .command('followups')
    .description(
      'reminders about invoices and quotes; each is named by its id, or by the number of its document',
    );
  const json = ['--json', 'print the answer as JSON'] as const;

  followups
    .command('list')
    .description('list follow-ups with the ids that the other commands take')
    .option('--org <org_id>', 'only those of one organisation')
    .option('--status <status>', 'open (the default), paid, accepted, cancelled or stopped')
    .option(
      '--view <view>',
      'next, waiting, uncertain, to_fix, sent or ended, with the reasons and the counts of all',
    )
    .option('--search <words>', 'beginnings of words of the customer’s name, the address or the number')
    .option(...json)
    .action(async (flags: ListFlags) => listFollowups(await findTarget(), flags, terminal));

  followups
    .command('preview <followup>')
    .description('show the next reminder exactly as it would go out')
    .option('--level <n>', 'show this level instead')
    .option(...json)
    .action(async (named: string, flags: FollowupFlags) =>
      previewReminder(...(await find(named)), flags, terminal),
    );

  followups
    .command('send <followup>')
    .description('send the next reminder now, under the same claim as a run')
    .option('--yes', 'do not ask')
    .option('--confirm', 'send it during a pause, up to the due day, soon after another mail, or while held')
    .option(...json)
    .action(async (named: string, flags: FollowupFlags) =>
      terminal.exit(await sendReminder(...(await find(named)), flags, terminal)),
    );

  followups
    .command('stop <followup>')
    .description('end the reminders about this document')
    .option('--reason <text>', 'a reason for its history')
    .option(...json)
    .action(async (named: string, { reason, json: asJson }: FollowupFlags) => {
      const [target, id] = await find(named);
      const body = reason === undefined ? {} : { reason };
      const request = { method: 'POST', path: followupPath(id, 'stop'), body } as const;
      const answer = await callAdmin(target, followup, request);
      terminal.print(asJson ? JSON.stringify(answer, null, 2) : `${answer.id} is ${answer.status}`);
    });

  followups
    .command('requeue [ids...]')
    .description('let parked follow-ups go again: these, or all of an organisation or a reason')
    .option('--org <org_id>', 'all of one organisation')
    .option('--reason <reason>', 'all with this reason, such as address_refused')
    .option('--all', 'all that are parked')
    .option('--yes', 'do not ask')
    .option(...json)
    .action(async (ids: string[], flags: BulkFlags) =>
      terminal.exit(await changeMany(await findTarget(), 'requeue', ids, { flags, terminal })),
    );

  followups
    .command('settle [ids...]')
    .description('settle uncertain mails alike: these, or all of an organisation')
    .requiredOption('--outcome <outcome>', 'sent: they count as sent; not_sent: they are due again')
    .option('--org <org_id>', 'all of one organisation')
    .option('--all', 'all that are uncertain')
    .option('--yes', 'do not ask')
    .option(...json)
    .action(async (ids: string[], flags: BulkFlags) =>
      terminal.exit(await changeMany(await findTarget(), 'settle', ids, { flags, terminal })),
    );

  followups
    .command('what-if <org_id>')
    .description('show which mails would go, now or up to 90 days ahead; nothing is written')
    .option('--settings <file>', 'a JSON file with other billing settings, to see what differs')
    .option('--as-of <instant>', 'the first run, such as 2026-03-31T09:00:00Z; now if left out')
    .option('--until <instant>', 'the last of the hourly runs; only one run if left out')
    .option(...json)
    .action(async (orgId: string, flags: WhatIfFlags) =>
      showWhatIf(await findTarget(), orgId, flags, terminal),
    );

  followups
    .command('customer <org_id> <address>')
    .description('show or change what holds for all reminders to one customer')
    .option('--exclude', 'no reminders to this customer')
    .option('--include', 'reminders again')
    .option('--dispute', 'pause until --resume: the customer disputes the debt')
    .option('--promised <day>', 'pause until the day after this one, such as 2026-03-12')
    .option('--pause-until <instant>', 'pause until an instant')
    .option('--resume', 'end a pause')
    .option('--note <text>', 'a note for colleagues')
    .option(...json)
    .action(async (orgId: string, address: string, flags: CustomerFlags) =>
      showCustomer(await findTarget(), [orgId, address], flags, terminal),
    );

  followups
    .command('explain <followup>')
    .description('explain why its reminder goes or does not go, with every decision so far')
    .option(...json)
    .action(async (named: string, flags: FollowupFlags) =>
      explainFollowup(...(await find(named)), flags, terminal),
    );
}
