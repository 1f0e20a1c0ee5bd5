import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { localEnvironment } from '../../local/environment.ts';
import { findStackFile } from '../named-project.ts';
import { findScheduler, type ScheduleTarget } from '../scheduler/place.ts';
import { findTarget, type Target } from '../target.ts';

/** The audience of the local issuer's tokens. */
const LOCAL_AUDIENCE = 'ronde-local';

const stackFile = z.object({
  gateway: z.url(),
  firestore: z.object({ host: z.string(), project: z.string() }),
  redis: z.object({ url: z.string(), token: z.string() }),
  smtp: z.object({ host: z.string(), port: z.number() }),
  issuer: z.url(),
  cron_secret: z.string(),
});

/** The installation that the doctor examines. */
export interface Patient {
  /** Its name for people: the local cloud, or the environment of this shell. */
  name: string;
  /** The environment of its functions. */
  environment: NodeJS.ProcessEnv;
  /** Finds the address of its functions, and credentials for them. */
  target: () => Promise<Target>;
  scheduler: () => ScheduleTarget;
}

/** Returns the local cloud if one runs in this folder and --project names none, else the environment of this shell, `.env` included. */
export function findPatient(env: NodeJS.ProcessEnv = process.env): Patient {
  const access = { target: () => findTarget(env), scheduler: () => findScheduler(env) };
  const stackPath = findStackFile(env);
  if (!stackPath) return { name: 'the environment of this shell', environment: env, ...access };
  // Outside Google Cloud, looking for its metadata server takes seconds and ends with a warning.
  process.env.METADATA_SERVER_DETECTION ??= 'none';
  const stack = stackFile.parse(JSON.parse(readFileSync(stackPath, 'utf8')));
  const { project, host } = stack.firestore;
  const environment = localEnvironment({
    project,
    firestoreHost: host,
    redis: stack.redis,
    issuer: { issuer: stack.issuer, googleIssuer: stack.issuer, audience: LOCAL_AUDIENCE },
    smtp: stack.smtp,
    gateway: stack.gateway,
    cronSecret: stack.cron_secret,
  });
  return { name: 'the local cloud', environment, ...access };
}
