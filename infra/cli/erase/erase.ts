import type { Command } from 'commander';
import { loadConfig } from '../../../shared/doors/config.ts';
import { requireAddress } from '../../../shared/doors/mail/address.ts';
import { openRedis } from '../../../shared/doors/redis/redis.ts';
import { isDocumentId } from '../../../shared/doors/store/document-id.ts';
import { openStore } from '../../../shared/doors/store/firestore.ts';
import { requireCredentials } from '../../credentials.ts';
import { findPatient } from '../doctor/patient.ts';
import { confirm, type Terminal, toPrintable } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { OUT_OF_REACH, personalPlaces } from './places.ts';
import { type EraseReport, eraseEverywhere, findPerson } from './run.ts';

interface EraseFlags {
  email: string[];
  name: string[];
  dryRun?: true;
  yes?: true;
  json?: true;
}

const collect = (value: string, all: string[]) => [...all, value];

/** Adds `ronde erase USER_ID`: erases a person everywhere. */
export function addErase(program: Command, terminal: Terminal): void {
  program
    .command('erase <user_id>')
    .description(
      'erase a person: delete or anonymise their data, and report what stays and why (docs/guides/keeping-and-forgetting.md)',
    )
    .option(
      '--email <address>',
      'one of their addresses, repeatable; also deletes mail from and to it',
      collect,
      [],
    )
    .option('--name <name>', 'their name exactly as tickets spell it, repeatable', collect, [])
    .option('--dry-run', 'report what would be erased; writes nothing')
    .option('--yes', 'do not ask')
    .option('--json', 'print the result as JSON')
    .action(async (userId: string, flags: EraseFlags) =>
      terminal.exit(await erasePerson(userId, flags, terminal)),
    );
}

async function erasePerson(userId: string, flags: EraseFlags, { print }: Terminal): Promise<number> {
  if (!isDocumentId(userId))
    throw new UsageError(`${JSON.stringify(userId)} is no user id; give the token's sub.`);
  const emails = flags.email.map(readAddress);
  const config = loadConfig(findPatient().environment);
  const { emulatorHost, database } = config.firestore;
  process.stderr.write(`${userId} in ${database} of ${config.project} (${emulatorHost ?? 'Google Cloud'})\n`);
  await requireCredentials(emulatorHost);
  const store = openStore(config);
  const deps = { store, redis: openRedis(config) };
  const printReport = (report: EraseReport, dryRun: boolean) => {
    const lines = flags.json
      ? [JSON.stringify({ dry_run: dryRun, ...report }, null, 2)]
      : describeReport(report, dryRun);
    for (const line of lines) print(flags.json ? line : toPrintable(line));
  };
  try {
    const person = await findPerson(store, userId, { emails, names: flags.name });
    if (flags.dryRun || !flags.yes) {
      const preview = await eraseEverywhere(deps, person, true);
      if (flags.dryRun || !flags.json) printReport(preview, true);
      if (flags.dryRun) return 0;
      if (!(await confirm(`Erase ${userId} in ${config.project}? This cannot be undone.`))) {
        process.stderr.write('Not confirmed: nothing was changed. Answer y, or give --yes.\n');
        return 1;
      }
    }
    const report = await eraseEverywhere(deps, person, false);
    printReport(report, false);
    return report.complete ? 0 : 1;
  } finally {
    await store.terminate();
  }
}

function readAddress(text: string): string {
  try {
    return requireAddress(text);
  } catch (error) {
    throw new UsageError(`--email: ${(error as Error).message}`);
  }
}

function describeReport(report: EraseReport, dryRun: boolean): string[] {
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
    ...report.left.map(
      ({ collection, count, examples, says }) =>
        `left as it is: ${count} in ${collection}, such as ${examples.join(', ')} (${says})`,
    ),
    ...(report.complete
      ? []
      : [
          'New traces kept appearing, since the person is still signed in. Close the account, then run it again.',
        ]),
    'Out of reach of this command:',
    ...OUT_OF_REACH.map((line) => `- ${line}`),
    `${report.reads} documents were read`,
    ...(dryRun
      ? ['Nothing was written. Erasing looks only for the names and addresses that --name and --email give.']
      : []),
  ];
}
