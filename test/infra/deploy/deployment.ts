import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deploy } from '../../../infra/deploy/deploy.ts';
import { readIndexes } from '../../../infra/deploy/firestore.ts';
import { parseOptions } from '../../../infra/deploy/options.ts';
import { serveLoopback } from '../../../infra/local/loopback-server.ts';
import { type LocalScheduler, startLocalScheduler } from '../../../infra/local/scheduler/scheduler.ts';
import { readSchedule } from '../../../infra/scheduler/file.ts';
import { type FakeGoogle, startFakeGoogle } from '../../support/google/fake-google.ts';
import { type GcloudHome, gcloudHome } from '../../support/google/gcloud.ts';

export const { functions } = readSchedule();
export const names = functions.map(({ name }) => name);
export const secrets = [...new Set(functions.flatMap((entry) => Object.values(entry.secrets)))];

const PLAIN = {
  UPSTASH_REDIS_REST_URL: 'https://made-up.upstash.example',
  AUTH_ISSUER: 'https://sign-in.example.test',
  AUTH_AUDIENCE: 'ronde',
  OPERATORS: 'operator@example.test',
  EMAIL_HOST: 'mail.example.test',
  EMAIL_HOST_USER: 'ronde',
  DEFAULT_FROM_EMAIL: 'ronde@example.test',
};

/** The answer of a function to the smoke test. */
export type SmokeAnswer = [status: number, body: unknown];

export interface Deployment {
  google: FakeGoogle;
  gcloud: GcloudHome;
  scheduler: LocalScheduler;
  root: string;
  /** Answers the smoke test; by default as the functions do. */
  answer: (name: string, request: IncomingMessage) => SmokeAnswer;
  /** Runs deploy.sh's own code with these arguments, without waiting between attempts. */
  run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string; waits: number[] }>;
  /** The requests that change something. */
  changes(): string[];
  stop(): Promise<void>;
}

/** Lets most indexes and exemptions exist already: gcloud needs a second for each that does not. */
function keepIndexes({ kept }: FakeGoogle): void {
  const { indexes, fieldOverrides } = readIndexes();
  const groups = 'projects/demo/databases/(default)/collectionGroups';
  for (const [number, { collectionGroup, ...index }] of indexes.slice(3).entries())
    kept.set(`index ${number}`, { ...index, name: `${groups}/${collectionGroup}/indexes/${number}` });
  for (const { collectionGroup, fieldPath, indexes: single } of fieldOverrides.slice(2)) {
    const name = `${groups}/${collectionGroup}/fields/${fieldPath}`;
    const config = single.map(({ queryScope = 'COLLECTION', ...kind }) => ({
      queryScope,
      fields: [{ fieldPath, ...kind }],
    }));
    kept.set(`field /v1/${name}`, { name, indexConfig: { indexes: config } });
  }
}

/** As our functions answer: a task with its run_id, an API by refusing a call without a proof. */
const answerWell = (name: string): SmokeAnswer =>
  functions.find((entry) => entry.name === name)?.task
    ? [200, { run_id: 'r1', would_close_count: 0 }]
    : [401, { error: { message: 'A proof is missing.' } }];

/** Starts the real gcloud before a fake Google, a Cloud Scheduler, and functions that answer the smoke test. */
export async function startDeployment(env: Record<string, string> = {}): Promise<Deployment> {
  const root = await mkdtemp(join(tmpdir(), 'ronde-deploy-'));
  for (const name of names) {
    await mkdir(join(root, 'dist', name), { recursive: true });
    await writeFile(join(root, 'dist', name, 'index.js'), `// ${name}\n`);
    await writeFile(join(root, 'dist', name, 'package.json'), '{}\n');
  }
  const served = await serveLoopback(0, async (request, response) => {
    const name = (request.url ?? '').split('/')[1] ?? '';
    const [status, body] = deployment.answer(name, request);
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    response.writeHead(status).end(text);
  });
  const google = await startFakeGoogle((name) => `${served.url}/${name}`);
  for (const secret of secrets) google.secrets.add(secret);
  keepIndexes(google);
  const gcloud = await gcloudHome({ endpoint: google.url });
  const scheduler = await startLocalScheduler({
    clock: () => new Date(),
    firing: false,
    signOidc: () => Promise.reject(new Error('nothing is called here')),
  });
  const deployment: Deployment = {
    google,
    gcloud,
    scheduler,
    root,
    answer: answerWell,
    async run(...args) {
      const [lines, errors, waits]: [string[], string[], number[]] = [[], [], []];
      const options = parseOptions(['--project=demo', '--region=europe-west1', '--skip-build', ...args]);
      if (!options) throw new Error('a test asks for no help');
      const code = await deploy(options, {
        root,
        env: {
          ...gcloud.env,
          ...PLAIN,
          RONDE_TOKEN: 'made-up',
          CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDSCHEDULER: `${scheduler.url}/`,
          ...env,
        },
        print: (line) => void lines.push(line),
        printError: (line) => void errors.push(line),
        wait: async (ms) => void waits.push(ms),
      });
      return { code, stdout: lines.join('\n'), stderr: errors.join('\n'), waits };
    },
    changes: () =>
      google.asked
        .filter(
          ({ method, path }) =>
            method !== 'GET' && !/:(getIamPolicy|testIamPermissions|runQuery)$/.test(path),
        )
        .map(({ method, path }) => `${method} ${path}`),
    async stop() {
      await served.stop();
      await scheduler.stop();
      await google.stop();
      await gcloud.remove();
      await rm(root, { recursive: true, force: true });
    },
  };
  return deployment;
}
