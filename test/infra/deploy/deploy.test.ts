import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readSchedule } from '../../../infra/scheduler/file.ts';
import { googleError } from '../../support/google/fake-google.ts';
import type { Asked } from '../../support/google/fake-types.ts';
import { programOrSkip } from '../../support/google/gcloud.ts';
import { type Deployment, names, startDeployment } from './deployment.ts';

/** gcloud needs a second per command, and much more on a busy machine. */
const GCLOUD_MS = 600_000;

const here = programOrSkip('gcloud', 'deploy.sh with the real gcloud against a fake Google');
const FUNCTIONS = 'ronde-functions@demo.iam.gserviceaccount.com';

describe.skipIf(!here)('setup and release, with the real gcloud', () => {
  let at: Deployment;
  beforeAll(async () => {
    at = await startDeployment();
  }, GCLOUD_MS);
  afterAll(() => at?.stop());
  beforeEach(() => {
    at.google.refuse = () => undefined;
    at.google.asked.length = 0;
  });

  const created = (name: string): Asked | undefined =>
    at.google.asked.find(({ query, body }) => query.get('functionId') === name && body.serviceConfig);
  const kept = (kind: string) => [...at.google.kept].filter(([key]) => key.startsWith(`${kind} `));

  it(
    'survive what a fresh project answers once, and end with the address of the console',
    async () => {
      const once = new Map<string, ReturnType<typeof googleError>>([
        ['third index', googleError(409, 'Aborted due to cross-transaction contention.')],
        ['binding', googleError(400, `Service account ${FUNCTIONS} does not exist.`)],
        [
          'function visits',
          googleError(
            404,
            `Service account projects/-/serviceAccounts/${FUNCTIONS} was not found. Verify iam.serviceAccounts.actAs.`,
          ),
        ],
      ]);
      let indexes = 0;
      const take = (name: string) => {
        const answer = once.get(name);
        once.delete(name);
        return answer;
      };
      at.google.refuse = ({ method, path, query }) => {
        if (method === 'POST' && path.endsWith('/indexes') && ++indexes === 3) return take('third index');
        if (/v1\/projects\/demo:setIamPolicy$/.test(path)) return take('binding');
        if (query.get('functionId') === 'visits' && method === 'POST') return take('function visits');
        // An organisation of today forbids allUsers.
        if (/services\/presence:setIamPolicy$/.test(path))
          return googleError(
            400,
            'One or more users named in the policy do not belong to a permitted customer.',
          );
        if (/services\/presence$/.test(path)) return googleError(404, 'no such service in this fake');
        return undefined;
      };
      const { code, stdout, stderr, waits } = await at.run();
      expect(stderr).toContain('presence');
      expect([...once.keys()]).toEqual([]);
      expect(waits.length).toBeGreaterThanOrEqual(3);
      // The only failure left is the fake's lack of Cloud Run, which the fallback of presence asks for.
      expect(stdout).toContain('gcloud run services update presence --no-invoker-iam-check');
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /done: {5}sign-in, plan, APIs, accounts, secrets, Firestore, rules, queues, images/,
      );
      expect(stderr).toContain('not done: functions (perhaps in part), smoke test, schedule');
      expect(at.scheduler.jobs()).toEqual([]);

      at.google.refuse = () => undefined;
      const second = await at.run('release');
      expect(second).toMatchObject({ code: 0, stderr: '' });
      expect(second.stdout).toContain(
        '# the console: https://console-123456789.europe-west1.run.app/console/',
      );
      expect(second.stdout).toContain('# register this redirect at your issuer: https://console-123456789');
      expect(at.scheduler.jobs()).toHaveLength(readSchedule().jobs.length);
      expect(at.scheduler.jobs()[0]?.httpTarget?.oidcToken?.serviceAccountEmail).toBe(
        'ronde-scheduler@demo.iam.gserviceaccount.com',
      );
      checkWhatWasMade();
    },
    GCLOUD_MS,
  );

  function checkWhatWasMade(): void {
    for (const name of names) expect(created(name), name).toBeDefined();
    expect(kept('index')).toHaveLength(24);
    expect(kept('backup')).toHaveLength(2);
    expect(kept('alertPolicies')).toHaveLength(3);
    expect(at.google.kept.get('database')).toMatchObject({
      pointInTimeRecoveryEnablement: 'POINT_IN_TIME_RECOVERY_ENABLED',
      deleteProtectionState: 'DELETE_PROTECTION_ENABLED',
    });
    expect(JSON.stringify(at.google.kept.get('ruleset'))).toContain('allow read, write: if false');
    expect(at.google.kept.get('repository ronde')).toMatchObject({
      labels: { 'managed-by': 'ronde' },
      cleanupPolicies: { 'delete-old': { action: 'Delete' } },
    });
    const queue = at.google.asked.find(({ method, path }) => method === 'POST' && path.endsWith('/queues'));
    expect(queue?.body).toMatchObject({
      rateLimits: { maxConcurrentDispatches: 8, maxDispatchesPerSecond: 20 },
      retryConfig: { maxAttempts: 3, minBackoff: '35s', maxBackoff: '35s' },
    });
    const { body } = created('close-inactive-visits') ?? {};
    expect(body).toMatchObject({
      labels: { 'managed-by': 'ronde', 'ronde-digest': expect.stringMatching(/^[0-9a-f]{32}$/) },
      buildConfig: {
        runtime: 'nodejs24',
        entryPoint: 'close-inactive-visits',
        dockerRepository: 'projects/demo/locations/europe-west1/repositories/ronde',
        serviceAccount: 'projects/demo/serviceAccounts/ronde-build@demo.iam.gserviceaccount.com',
      },
      serviceConfig: {
        availableMemory: '512Mi',
        timeoutSeconds: 300,
        maxInstanceRequestConcurrency: 1,
        serviceAccountEmail: FUNCTIONS,
        allTrafficOnLatestRevision: true,
      },
    });
    const pinned = body.serviceConfig.secretEnvironmentVariables as { secret: string; version: string }[];
    expect(new Set(pinned.map(({ version }) => version))).toEqual(new Set(['7']));
  }

  it(
    'change nothing the second time',
    async () => {
      expect(await at.run('setup')).toMatchObject({ code: 0, stderr: '' });
      expect(at.changes()).toEqual([]);
    },
    GCLOUD_MS,
  );

  it(
    'release one changed function by at most 15 commands, and one whose traffic a rollback pinned',
    async () => {
      await appendFile(join(at.root, 'dist/visits/index.js'), '// changed\n');
      const { code, stdout } = await at.run('release');
      expect(code).toBe(0);
      expect(at.changes().filter((line) => line.startsWith('PATCH'))).toEqual([
        'PATCH /v2/projects/demo/locations/europe-west1/functions/visits',
      ]);
      expect(stdout).toContain('# presence is unchanged');
      expect(await countCommands(at)).toBeLessThanOrEqual(15);

      const presence = at.google.kept.get('function presence') as { serviceConfig: object };
      Object.assign(presence.serviceConfig, { allTrafficOnLatestRevision: false });
      at.google.asked.length = 0;
      await at.run('release');
      const patch = at.google.asked.find(({ method }) => method === 'PATCH');
      expect(patch?.path).toMatch(/functions\/presence$/);
      expect(patch?.query.get('updateMask')).toContain('all_traffic_on_latest_revision');
    },
    GCLOUD_MS,
  );
});

/** Counts the commands of a release by running it in a dry run: it prints each, reads included. */
async function countCommands(at: Deployment): Promise<number> {
  const { stdout } = await at.run('release', '--dry-run', '--only', 'visits');
  return stdout.split('\n').filter((line) => line.startsWith('gcloud ')).length;
}
