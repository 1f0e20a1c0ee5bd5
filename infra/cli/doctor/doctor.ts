import type { Command } from 'commander';
import { type Clock, systemClock } from '../../../shared/doors/clock.ts';
import { openRedis } from '../../../shared/doors/redis/redis.ts';
import { openStore } from '../../../shared/doors/store/firestore.ts';
import type { Terminal } from '../terminal.ts';
import { examineEnvironment, examineSecrets } from './environment.ts';
import { examineDoor, examineIssuer, examineMail, examineSchedule } from './outside.ts';
import { findPatient, type Patient } from './patient.ts';
import { ill, type Result } from './result.ts';
import { examineRounds } from './rounds.ts';
import { examineFirestore, examineIndexes, examineRedis } from './stores.ts';

/** `ronde doctor`: looks at everything the rounds depend on, and changes nothing. */
export function addDoctor(program: Command, { print, exit }: Terminal): void {
  program
    .command('doctor')
    .description(
      'look at all that the rounds depend on: one line each, with what helps; exit code 1 if anything is wrong',
    )
    .option('--json', 'print JSON')
    .action(async ({ json }: { json?: true }) => {
      const patient = findPatient();
      const results = await examine(patient);
      const ok = results.every((result) => result.ok);
      const sick = results.filter((result) => !result.ok).length;
      if (json) print(JSON.stringify({ ok, patient: patient.name, checks: results }, null, 2));
      else {
        for (const line of results.flatMap(linesOf)) print(line);
        print(
          `${patient.name}: ${ok ? 'all is well' : `${sick} of ${results.length} checks found something`}`,
        );
      }
      exit(ok ? 0 : 1);
      // What does not answer is still being waited for; nobody wants to wait with it.
      if (!ok) process.exit();
    });
}

function linesOf({ check, ok, detail, remedy }: Result): string[] {
  return [`${ok ? 'ok  ' : 'FAIL'} ${check}: ${detail}`, ...(remedy === null ? [] : [`       ${remedy}`])];
}

/**
 * Examines everything. An environment that cannot be used leaves out what would be reached by it, a Firestore that cannot
 * be read leaves out what is in it.
 */
export async function examine(patient: Patient, clock: Clock = systemClock): Promise<Result[]> {
  const { config, results } = examineEnvironment(patient.environment);
  const secrets = examineSecrets(patient.environment);
  const outside = Promise.all([examineSchedule(patient), examineDoor(patient)]);
  if (!config) {
    const rest = ill(
      'stores, mail, issuer',
      'not looked at: the environment cannot be used',
      'correct it first',
    );
    return [...results, ...secrets, rest, ...(await outside)];
  }
  const [store, redis, now] = [openStore(config), openRedis(config), clock()];
  const beside = Promise.all([examineRedis(redis), examineMail(config.mail), examineIssuer(config.auth)]);
  const firestore = await examineFirestore(store, config.firestore.emulatorHost);
  const indexes = firestore.ok ? [await examineIndexes(store)] : [];
  const readable = indexes.some(({ ok }) => ok);
  const rounds = readable ? await examineRounds({ store, redis }, now) : [];
  // A client that still waits for an answer would reject where nobody listens.
  if (readable) await store.terminate();
  return [...results, ...secrets, firestore, ...indexes, ...(await beside), ...(await outside), ...rounds];
}
