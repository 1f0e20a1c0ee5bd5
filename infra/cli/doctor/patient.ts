import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { localEnvironment } from '../../local/environment.ts';
import { findScheduler, type SchedulerPlan } from '../scheduler/place.ts';
import { findTarget, type Target } from '../target.ts';

const STACK_FILE = '.local/stack.json';
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

/** What the doctor examines. */
export interface Patient {
  /** For people: the local cloud, or the environment of this shell. */
  name: string;
  /** The environment that its functions have. */
  environment: NodeJS.ProcessEnv;
  /** Where its functions answer, and as whom to ask. */
  target: () => Promise<Target>;
  scheduler: () => SchedulerPlan;
}

/** The local cloud where `.local/stack.json` is there; else what the environment, `.env` included, says. */
export function findPatient(env: NodeJS.ProcessEnv = process.env): Patient {
  const doors = { target: () => findTarget(env), scheduler: () => findScheduler({}, env) };
  if (!existsSync(STACK_FILE)) return { name: 'the environment of this shell', environment: env, ...doors };
  // Nobody on this machine is Google's metadata server: looking for it takes a while and ends with a warning.
  process.env.METADATA_SERVER_DETECTION ??= 'none';
  const stack = stackFile.parse(JSON.parse(readFileSync(STACK_FILE, 'utf8')));
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
  return { name: 'the local cloud', environment, ...doors };
}
