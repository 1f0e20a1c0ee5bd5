import type { Firestore } from '@google-cloud/firestore';
import type { Command } from 'commander';
import { systemClock } from '../../../shared/doors/clock.ts';
import { loadStoreConfig } from '../../../shared/doors/config.ts';
import { openStore } from '../../../shared/doors/store/firestore.ts';
import { requireCredentials } from '../../credentials.ts';
import { findPatient } from '../doctor/patient.ts';
import { confirm, type Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { CHOICES, RETENTION } from './rules.ts';
import {
  applyRetention,
  chooseMonths,
  LEAST_MONTHS,
  MOST_MONTHS,
  months,
  type Outdated,
  readChoices,
} from './run.ts';

interface RetentionFlags {
  dryRun?: true;
  yes?: true;
  json?: true;
}

/** Adds `ronde retention show|set|apply`: how long each collection is kept. */
export function addRetention(program: Command, { print, exit }: Terminal): void {
  const retention = program
    .command('retention')
    .description('how long data is kept (docs/guides/keeping-and-forgetting.md)');
  const json = ['--json', 'print the result as JSON'] as const;

  retention
    .command('show')
    .description('show the chosen times, and the usual ones')
    .option(...json)
    .action(async (flags: RetentionFlags) => {
      const choices = await withStore(readChoices);
      if (flags.json) return print(JSON.stringify(choices, null, 2));
      for (const [name, rule] of Object.entries(RETENTION)) {
        const chosen = choices[name] ?? null;
        if ('kept' in rule) print(`${name}: ${rule.kept}`);
        else
          print(
            `${name}: ${chosen === null ? 'for ever' : `${chosen} months`} (usual: ${rule.usual}; ${rule.source})`,
          );
      }
    });

  retention
    .command('set <collection> <months>')
    .description(`keep a collection for N months (${LEAST_MONTHS} to ${MOST_MONTHS}), or "ever"`)
    .option(...json)
    .action(async (name: string, text: string, flags: RetentionFlags) => {
      const value = readMonths(name, text);
      await withStore((store) => chooseMonths(store, name, value));
      print(
        flags.json
          ? JSON.stringify({ [name]: value })
          : `${name}: ${value === null ? 'for ever' : `${value} months`}; ronde retention apply deletes what is older`,
      );
    });

  retention
    .command('apply')
    .description('delete the documents that are older than chosen')
    .option('--dry-run', 'report how many there are; writes nothing')
    .option('--yes', 'do not ask')
    .option(...json)
    .action(async (flags: RetentionFlags) =>
      exit(await withStore((store) => deleteOutdated(store, flags, print))),
    );
}

async function deleteOutdated(
  store: Firestore,
  flags: RetentionFlags,
  print: Terminal['print'],
): Promise<number> {
  const now = systemClock();
  const printOutdated = (outdated: Outdated[], dryRun: boolean) => {
    if (flags.json) return print(JSON.stringify({ dry_run: dryRun, collections: outdated }, null, 2));
    if (outdated.length === 0)
      print('No time is chosen, so everything is kept. Choose one: ronde retention set COLLECTION MONTHS');
    for (const { name, months: count, before, deleted } of outdated)
      print(
        `${name}: ${deleted} documents from before ${before} (${count} months) ${dryRun ? 'would be ' : ''}deleted`,
      );
  };
  const preview = await applyRetention(store, now, true);
  const total = preview.reduce((sum, { deleted }) => sum + deleted, 0);
  if (flags.dryRun || !flags.json) printOutdated(preview, true);
  if (flags.dryRun || total === 0) {
    if (!flags.dryRun && flags.json) printOutdated(preview, false);
    return 0;
  }
  if (!flags.yes && !(await confirm(`Delete ${total} documents? This cannot be undone.`))) {
    process.stderr.write('Not confirmed: nothing was changed. Answer y, or give --yes.\n');
    return 1;
  }
  printOutdated(await applyRetention(store, now, false), false);
  return 0;
}

async function withStore<T>(use: (store: Firestore) => Promise<T>): Promise<T> {
  const config = loadStoreConfig(findPatient().environment);
  await requireCredentials(config.firestore.emulatorHost);
  const store = openStore(config);
  try {
    return await use(store);
  } finally {
    await store.terminate();
  }
}

function readMonths(name: string, text: string): number | null {
  const names = CHOICES.map((choice) => choice.name);
  if (!names.includes(name)) {
    const rule = Object.hasOwn(RETENTION, name) ? RETENTION[name] : undefined;
    const why = rule && 'kept' in rule ? `is kept ${rule.kept}` : 'is not a collection with a choice';
    throw new UsageError(`${name} ${why}; legal: ${names.join(', ')}.`);
  }
  if (text === 'ever') return null;
  const { success, data } = months.safeParse(/^\d{1,3}$/.test(text) ? Number(text) : Number.NaN);
  if (success) return data;
  throw new UsageError(
    `${JSON.stringify(text)} is not legal; give ${LEAST_MONTHS} to ${MOST_MONTHS} months, or ever.`,
  );
}
