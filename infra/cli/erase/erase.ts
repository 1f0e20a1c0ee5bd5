import type { Command } from 'commander';
import { loadConfig } from '../../../shared/doors/config.ts';
import { requireAddress } from '../../../shared/doors/mail/address.ts';
import { openRedis } from '../../../shared/doors/redis/redis.ts';
import { isDocumentId } from '../../../shared/doors/store/document-id.ts';
import { openStore } from '../../../shared/doors/store/firestore.ts';
import { requireCredentials } from '../../credentials.ts';
import { findPatient } from '../doctor/patient.ts';
import { UsageError } from '../run-task.ts';
import { confirm, printable, type Terminal } from '../terminal.ts';
import { OUT_OF_REACH, personalPlaces } from './places.ts';
import { type EraseReport, eraseEverywhere, personOf } from './run.ts';

interface Flags {
  email: string[];
  name: string[];
  dryRun?: true;
  yes?: true;
  json?: true;
}

const collect = (value: string, all: string[]) => [...all, value];

/** `ronde erase USER_ID`: forgets a person everywhere. */
export function addErase(program: Command, terminal: Terminal): void {
  program
    .command('erase <user_id>')
    .description(
      'forget a person: delete or anonymise what there is of them, and say what stays and why (docs/guides/keeping-and-forgetting.md)',
    )
    .option(
      '--email <address>',
      'an address of theirs, repeatable; mail from and to it goes too',
      collect,
      [],
    )
    .option('--name <name>', 'their name on tickets, to the letter, repeatable', collect, [])
    .option('--dry-run', 'say what would be done; nothing is written')
    .option('--yes', 'do not ask')
    .option('--json', 'print the result as JSON')
    .action(async (userId: string, flags: Flags) => terminal.exit(await run(userId, flags, terminal)));
}

async function run(userId: string, flags: Flags, { print }: Terminal): Promise<number> {
  if (!isDocumentId(userId))
    throw new UsageError(`${JSON.stringify(userId)} is no user id; give the token's sub.`);
  const emails = flags.email.map(addressOf);
  const config = loadConfig(findPatient().environment);
  const { emulatorHost, database } = config.firestore;
  process.stderr.write(`${userId} in ${database} of ${config.project} (${emulatorHost ?? 'Google Cloud'})\n`);
  await requireCredentials(emulatorHost);
  const store = openStore(config);
  const deps = { store, redis: openRedis(config) };
  const say = (report: EraseReport, dryRun: boolean) => {
    const lines = flags.json
      ? [JSON.stringify({ dry_run: dryRun, ...report }, null, 2)]
      : linesOf(report, dryRun);
    for (const line of lines) print(flags.json ? line : printable(line));
  };
  try {
    const person = await personOf(store, userId, { emails, names: flags.name });
    if (flags.dryRun || !flags.yes) {
      const look = await eraseEverywhere(deps, person, true);
      if (flags.dryRun || !flags.json) say(look, true);
      if (flags.dryRun) return 0;
      if (!(await confirm(`Forget ${userId} in ${config.project}? This cannot be undone.`))) {
        process.stderr.write('Not confirmed: nothing was changed. Answer y, or give --yes.\n');
        return 1;
      }
    }
    const report = await eraseEverywhere(deps, person, false);
    say(report, false);
    return report.complete ? 0 : 1;
  } finally {
    await store.terminate();
  }
}

function addressOf(text: string): string {
  try {
    return requireAddress(text);
  } catch (error) {
    throw new UsageError(`--email: ${(error as Error).message}`);
  }
}

function linesOf(report: EraseReport, dryRun: boolean): string[] {
  const verb = dryRun ? 'would be ' : '';
  const counted = personalPlaces.flatMap(({ collection, says }) => {
    const deleted = report.deleted[collection] ?? 0;
    const anonymised = report.anonymised[collection] ?? 0;
    const parts = [
      ...(deleted > 0 ? [`${deleted} ${verb}deleted`] : []),
      ...(anonymised > 0 ? [`${anonymised} ${verb}anonymised`] : []),
    ];
    return parts.length === 0 ? [] : [`${collection}: ${parts.join(', ')} (${says})`];
  });
  return [
    `${report.user_id}${report.addresses.length > 0 ? ` (${report.addresses.join(', ')})` : ''}`,
    ...(counted.length === 0 ? ['nothing of them in Firestore'] : counted),
    report.redis ? `Redis: their sign of life and sessions ${verb}deleted` : 'Redis: nothing of them',
    ...report.kept.map(({ path, remedy }) => `still names them: ${path}; ${remedy}`),
    ...(report.complete
      ? []
      : ['New traces kept appearing: the person is still signed in. Close the account, then run it again.']),
    'Out of reach of this command:',
    ...OUT_OF_REACH.map((line) => `- ${line}`),
    `${report.reads} documents were read`,
    ...(dryRun
      ? ['Nothing was written. Names and addresses are looked for where --name and --email give them.']
      : []),
  ];
}
