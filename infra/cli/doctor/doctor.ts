import type { Command } from 'commander';
import { type Clock, systemClock } from '../../../shared/doors/clock.ts';
import { openRedis } from '../../../shared/doors/redis/redis.ts';
import { openStore } from '../../../shared/doors/store/firestore.ts';
import type { Terminal } from '../terminal.ts';
import { examineDoor } from './door.ts';
import { examineEnvironment, examineSecrets } from './environment.ts';
import { examineIssuer, examineMail, examineSchedule } from './outside.ts';
import { findPatient, type Patient } from './patient.ts';
import { type CheckResult, reportFault } from './result.ts';
import { examineRuns } from './runs.ts';
import { examineFirestore, examineIndexes, examineRedis } from './stores.ts';

/** Adds `ronde doctor`: checks everything that the tasks depend on, and changes nothing. */
export function addDoctor(program: Command, { print, exit }: Terminal): void {
  program
    .command('doctor')
    .description(
      'check everything that the tasks depend on, a line each with its remedy; exit code 1 if anything is wrong',
    )
    .option('--json', 'print JSON')
    .action(async ({ json }: { json?: true }) => {
      const patient = findPatient();
      const results = await examine(patient);
      const ok = results.every((result) => result.ok);
      const faulty = results.filter((result) => !result.ok).length;
      if (json) print(JSON.stringify({ ok, patient: patient.name, checks: results }, null, 2));
      else {
        for (const line of results.flatMap(describeResult)) print(line);
        print(
          `${patient.name}: ${ok ? 'all is well' : `${faulty} of ${results.length} checks found something`}`,
        );
      }
      exit(ok ? 0 : 1);
      // Does not wait for connections that never answer.
      if (!ok) process.exit();
    });
}

function describeResult({ check, ok, detail, remedy }: CheckResult): string[] {
  return [`${ok ? 'ok  ' : 'FAIL'} ${check}: ${detail}`, ...(remedy === null ? [] : [`       ${remedy}`])];
}

/**
 * Examines everything. Skips the stores, mail and issuer if the environment is faulty, and the last runs if Firestore
 * cannot be read.
 */
export async function examine(patient: Patient, clock: Clock = systemClock): Promise<CheckResult[]> {
  const { config, results } = examineEnvironment(patient.environment);
  const secrets = examineSecrets(patient.environment);
  const outside = Promise.all([examineSchedule(patient), examineDoor(patient)]);
  if (!config) {
    const rest = reportFault(
      'stores, mail, issuer',
      'not checked: the environment has faults',
      'correct it first',
    );
    return [...results, ...secrets, rest, ...(await outside).flat()];
  }
  const [store, redis, now] = [openStore(config), openRedis(config), clock()];
  const beside = Promise.all([examineRedis(redis), examineMail(config), examineIssuer(config.auth)]);
  const firestore = await examineFirestore(store, config.firestore.emulatorHost);
  const indexes = firestore.ok ? [await examineIndexes(store)] : [];
  const readable = indexes.some(({ ok }) => ok);
  const runs = readable ? await examineRuns({ store, redis }, now) : [];
  // Terminating a client that still waits would reject its pending call, which nothing awaits.
  if (readable) await store.terminate();
  return [
    ...results,
    ...secrets,
    firestore,
    ...indexes,
    ...(await beside),
    ...(await outside).flat(),
    ...runs,
  ];
}
