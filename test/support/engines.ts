import type { TestProject } from 'vitest/node';
import { startFirestore } from '../../infra/local/firestore/firestore.ts';
import { requirePrograms } from '../../infra/local/programs.ts';
import { localSettings } from '../../infra/local/settings.ts';

declare module 'vitest' {
  interface ProvidedContext {
    firestoreHost: string;
    firestoreEngine: string;
  }
}

/** Starts one Firestore for the whole test run: Google's emulator if it is installed. Prints which engine it is. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { prefer } = localSettings();
  requirePrograms(prefer);
  const firestore = await startFirestore({ project: 'ronde-tests', prefer, heap: '3g' });
  process.stdout.write(`Firestore of this run: ${firestore.engine}\n`);
  if (firestore.engine === 'embedded') {
    process.stdout.write(
      "SKIPPED: whatever needs Google's Firestore emulator (transactions, races); it is not on this machine\n",
    );
  }
  project.provide('firestoreHost', firestore.host);
  project.provide('firestoreEngine', firestore.engine);
  return () => firestore.stop();
}
