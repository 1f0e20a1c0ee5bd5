import { randomUUID } from 'node:crypto';
import type { Firestore } from '@google-cloud/firestore';
import { inject } from 'vitest';
import { loadConfig } from '../../shared/doors/config.ts';
import { openStore } from '../../shared/doors/store/firestore.ts';

/** Opens a new Firestore project, for tests without Redis and sign-in. The caller terminates it. */
export function openTestStore(): Firestore {
  return openStore(
    loadConfig({
      GOOGLE_CLOUD_PROJECT: `ronde-${randomUUID().slice(0, 8)}`,
      FIRESTORE_EMULATOR_HOST: inject('firestoreHost'),
      UPSTASH_REDIS_REST_URL: 'http://127.0.0.1:1',
      UPSTASH_REDIS_REST_TOKEN: 'none',
    }),
  );
}
