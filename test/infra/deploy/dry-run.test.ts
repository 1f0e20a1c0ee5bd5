import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSchedule } from '../../../infra/scheduler/file.ts';
import { type GcloudHome, gcloudHome, programOrSkip, runProgram } from '../../support/google/gcloud.ts';
import { nodeEnvironment } from '../../support/node-process.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const PLACE = ['--project', 'demo', '--region', 'europe-west1'];
const PLAIN = [
  'UPSTASH_REDIS_REST_URL=https://made-up.upstash.example',
  'UPSTASH_REDIS_REST_TOKEN=never-to-be-seen-1',
  'CRON_SECRET=never-to-be-seen-2-never-to-be-seen-2',
  'AUTH_ISSUER=https://sign-in.example.test',
  'AUTH_AUDIENCE=ronde',
  'OPERATORS=operator@example.test',
].join('\n');

/** gcloud needs a second per command, and much more on a busy machine. */
const GCLOUD_MS = 300_000;

const schedule = readSchedule();
const names = schedule.functions.map(({ name }) => name);

let root: string;
let shims: string;

/** A directory with only the needs of deploy.sh, and programs that must not be called. */
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'ronde-deploy-'));
  await cp(join(ROOT, 'deploy.sh'), join(root, 'deploy.sh'));
  for (const name of ['infra', 'functions', 'shared', 'node_modules', 'package.json'])
    await symlink(join(ROOT, name), join(root, name));
  shims = await mkdtemp(join(tmpdir(), 'ronde-shims-'));
  for (const name of ['gcloud', 'curl', 'npm'])
    await writeFile(join(shims, name), `#!/bin/sh\necho "$0 $*" >> ${shims}/called\nexit 99\n`, {
      mode: 0o755,
    });
});
afterAll(async () => {
  await rm(root, { recursive: true, force: true });
  await rm(shims, { recursive: true, force: true });
});

const deploy = (args: readonly string[], env: Record<string, string> = {}) =>
  runProgram(join(root, 'deploy.sh'), args, {
    env: { ...nodeEnvironment(), PATH: `${shims}:${process.env.PATH}`, HOME: root, ...env },
    cwd: tmpdir(),
  });
const commands = (stdout: string) =>
  stdout.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
const called = async () => (await readdir(shims)).includes('called');

describe('deploy.sh --dry-run', () => {
  it('prints each command once, in order, calls nothing and changes nothing', async () => {
    const before = await readdir(root);
    await writeFile(join(root, '.env.production'), PLAIN);
    const { code, stdout, stderr } = await deploy([...PLACE, '--dry-run']);
    await rm(join(root, '.env.production'));
    expect(stderr.split('\n').filter(Boolean)).toEqual(
      ['CRON_SECRET', 'UPSTASH_REDIS_REST_TOKEN'].map((name) =>
        expect.stringContaining(`note: ${name} in .env.production is not used: it is a secret`),
      ),
    );
    expect(code).toBe(0);
    expect(await called()).toBe(false);
    expect(await readdir(root)).toEqual(before);
    const lines = commands(stdout);
    // A list is read again after a change.
    const changes = lines.filter((line) => !line.endsWith('--format=json'));
    expect(new Set(changes).size).toBe(changes.length);
    const order = [
      'gcloud services enable',
      'gcloud iam service-accounts create ronde-functions',
      'gcloud projects add-iam-policy-binding',
      'gcloud iam service-accounts add-iam-policy-binding ronde-tasks@',
      'gcloud secrets versions describe latest',
      'gcloud secrets add-iam-policy-binding',
      'gcloud firestore indexes composite create',
      'gcloud firestore indexes fields update expires_at',
      'gcloud firestore fields ttls update expires_at',
      'gcloud tasks queues create sync-inbox',
      'gcloud tasks queues add-iam-policy-binding sync-inbox',
      'gcloud artifacts repositories set-cleanup-policies ronde',
      'gcloud firestore backups schedules create',
      'gcloud logging metrics create',
      'node infra/build.ts',
      ...names.map((name) => `gcloud functions deploy ${name} `),
      'npx ronde scheduler apply --project demo --region europe-west1',
    ].map((start) => lines.findIndex((line) => line.startsWith(start)));
    expect(order).not.toContain(-1);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    // The schedule goes live after the smoke test.
    const printed = stdout.split('\n');
    const smoke = printed.findIndex((line) => line.endsWith('/watch-runs/v1/runs/watch {"dry_run":true}'));
    expect(smoke).toBeGreaterThan(0);
    expect(printed.findIndex((line) => line.startsWith('npx ronde scheduler apply'))).toBeGreaterThan(smoke);
  });

  it('prints the variables of each function, and no secret of the environment', async () => {
    const env = Object.fromEntries(PLAIN.split('\n').map((line) => line.split('=') as [string, string]));
    const { stdout } = await deploy([...PLACE, '--dry-run'], env);
    expect(stdout).not.toContain('never-to-be-seen');
    expect(stdout).toContain(
      `visits.yaml: FUNCTION_URLS: "https://europe-west1-demo.cloudfunctions.net/visits,https://visits-PROJECT_NUMBER.europe-west1.run.app"`,
    );
    expect(stdout).toContain('UPSTASH_REDIS_REST_URL: "https://made-up.upstash.example"');
    expect(stdout).toContain('UPSTASH_REDIS_REST_TOKEN=ronde-upstash-redis-rest-token:VERSION');
    expect(stdout).not.toMatch(/set-env-vars|yaml: (CRON_SECRET|UPSTASH_REDIS_REST_TOKEN)/);
  });

  it('gives the scheduler account no role, lets the console pause jobs, and lets functions read exactly their secrets', async () => {
    const { stdout } = await deploy([...PLACE, '--dry-run']);
    const bindings = commands(stdout).filter((line) => line.includes('add-iam-policy-binding'));
    expect(bindings.join('\n')).not.toContain('ronde-scheduler@');
    expect(bindings.join('\n')).not.toContain('member=serviceAccount:ronde-tasks@');
    const secrets = new Set(schedule.functions.flatMap(({ secrets }) => Object.values(secrets)));
    const readable = bindings.flatMap(
      (line) => /^gcloud secrets add-iam-policy-binding (\S+)/.exec(line)?.[1] ?? [],
    );
    expect(new Set(readable)).toEqual(secrets);
    const roles = commands(stdout).filter((line) => line.includes('iam roles'));
    expect(roles.at(-1)).toContain(
      'iam roles create rondeConsole --title=Ronde-console --stage=GA --quiet --permissions=cloudscheduler.jobs.get,cloudscheduler.jobs.list,cloudscheduler.jobs.pause,cloudscheduler.jobs.enable ',
    );
    const console_ = bindings.filter((line) => line.includes('ronde-console@'));
    const own = schedule.functions.find(({ name }) => name === 'console')?.secrets ?? {};
    // Firestore, its role for jobs, and its own secrets.
    expect(console_).toHaveLength(2 + Object.keys(own).length);
    expect(console_.join('\n')).not.toContain('ronde-cron-secret');
    expect(bindings.flatMap((line) => /role=(\S+)/.exec(line)?.[1] ?? []).sort()).toEqual(
      [
        'projects/demo/roles/rondeConsole',
        'roles/cloudbuild.builds.builder',
        'roles/cloudtasks.enqueuer',
        'roles/datastore.user',
        'roles/iam.serviceAccountUser',
        'roles/datastore.user',
        ...readable.map(() => 'roles/secretmanager.secretAccessor'),
      ].sort(),
    );
  });

  it('reports what would stop it, and goes on', async () => {
    const { code, stdout, stderr } = await deploy([...PLACE, '--dry-run']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/# dry run, nothing was done; functions: close-inactive-visits, .*\n$/);
    expect(stdout).not.toContain('# done');
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(/^would stop: \S/);
    expect(stderr).toContain('would stop: AUTH_ISSUER is not set');
    expect(stderr).toContain('would stop here: UPSTASH_REDIS_REST_URL must be the https URL');
    expect(stderr).toContain('would stop here: AUTH_ISSUER is not set');
    const inside = { UPSTASH_REDIS_REST_URL: 'https://user:never-to-be-seen-3@made-up.example' };
    const leaky = await deploy([...PLACE, '--dry-run'], inside);
    expect(leaky.stderr).toContain('contains a password');
  });

  it('omits the steps that --only and --skip-build omit', async () => {
    const { stdout } = await deploy([...PLACE, '--dry-run', '--only', 'visits', '--skip-build']);
    expect(stdout).not.toContain('node infra/build.ts');
    expect(stdout).not.toMatch(/functions deploy close-inactive-visits/);
    expect(stdout).toContain('gcloud functions deploy visits');
    expect(stdout).not.toContain('ronde-cron-secret');
  });

  it('with --no-invoker-check disables the check and grants allUsers nothing', async () => {
    const { stdout } = await deploy([...PLACE, '--dry-run', '--only', 'visits', '--no-invoker-check']);
    expect(stdout).not.toContain(' --allow-unauthenticated');
    expect(stdout).toContain('--no-allow-unauthenticated');
    expect(stdout).toContain(
      'gcloud run services update visits --no-invoker-iam-check --region=europe-west1',
    );
  });

  it.each([
    [[], 2, "--project ''"],
    [['--project', 'demo'], 2, "--region ''"],
    [['--project', 'demo', '--region', 'Paris'], 2, "--region 'Paris'"],
    [['--project', 'a; rm -rf x', '--region', 'europe-west1'], 2, 'a; rm -rf x'],
    [[...PLACE, '--wet-run'], 2, '--wet-run is not an option'],
    [[...PLACE, '--only'], 2, '--only needs a value'],
    [[...PLACE, '--dry-run', '--only', 'visit'], 2, 'did you mean visits?'],
    [['--project', 'example.com:acme', '--region', 'europe-west1'], 2, 'without a domain'],
  ])('rejects %j with code %i', async (args, expected, text) => {
    const { code, stderr } = await deploy(args);
    expect(stderr).toContain(text);
    expect(code).toBe(expected);
    expect(await called()).toBe(false);
  });
});

it('deploy.sh has no construct newer than bash 3.2, which macOS has', async () => {
  const text = await readFile(join(ROOT, 'deploy.sh'), 'utf8');
  // mapfile, associative arrays, changes of case, array expansions that set -u refuses, and |& need bash 4.
  const newer = /mapfile|readarray|declare -[Ag]|local -n|\$\{\w+(\^|,)|\$\{\w+\[@\]|\|&|;;&|coproc/;
  expect(text.split('\n').filter((line) => newer.test(line))).toEqual([]);
});

it.skipIf(!programOrSkip('shellcheck', 'the check of deploy.sh'))('shellcheck finds nothing', async () => {
  const scripts = ['deploy.sh', '.ci/run', '.ci/side-by-side'];
  const found = await runProgram('shellcheck', ['-x', ...scripts], {
    env: { PATH: process.env.PATH ?? '' },
    cwd: ROOT,
  });
  expect(found).toEqual({ code: 0, stdout: '', stderr: '' });
});

describe.skipIf(!programOrSkip('gcloud', "gcloud's parser on the lines of deploy.sh"))(
  "gcloud's parser",
  () => {
    let gcloud: GcloudHome;
    const SIGN_IN = 'You do not currently have an active account selected';
    const inShell = (line: string) =>
      runProgram('bash', ['-c', line], { env: gcloud.env, cwd: gcloud.env.HOME ?? '/' });

    beforeAll(async () => {
      gcloud = await gcloudHome();
      const folder = join(gcloud.env.HOME ?? '', '.local/deploy');
      await mkdir(folder, { recursive: true });
      for (const name of names) await writeFile(join(folder, `${name}.yaml`), 'REGION: "europe-west1"\n');
      await writeFile(join(folder, 'cleanup-policies.json'), '[]');
    });
    afterAll(() => gcloud?.remove());

    it(
      'accepts every gcloud line, up to the sign-in',
      async () => {
        const plain = await deploy([...PLACE, '--dry-run']);
        const closed = await deploy([...PLACE, '--dry-run', '--only', 'visits', '--no-invoker-check']);
        const all = new Set([...commands(plain.stdout), ...commands(closed.stdout)]);
        // Lines that differ in their values only have one shape, and the parser reads one of each.
        const shapes = new Map(
          [...all]
            .filter((line) => line.startsWith('gcloud '))
            // A dry run asks for no version; the parser takes numbers only.
            .map((line) => line.replaceAll(':VERSION', ':1'))
            .map((line) => [line.replaceAll(/=(?:'[^']*'|\S+)|ronde-\S+|(?<=deploy )\S+/g, ''), line]),
        );
        const lines = [...shapes.values()];
        expect(lines.length).toBeGreaterThan(15);
        const stopped: { line: string; code: number | null; stopped: boolean }[] = [];
        const judge = async (line: string, place: number) => {
          const { code, stderr } = await inShell(line);
          stopped[place] = { line, code, stopped: stderr.includes(SIGN_IN) };
        };
        // Each takes a second of CPU time, so only two run at a time.
        const rest = lines.entries();
        const inTurn = async () => {
          for (const [place, line] of rest) await judge(line, place);
        };
        await Promise.all([inTurn(), inTurn()]);
        expect(stopped).toEqual(lines.map((line) => ({ line, code: 1, stopped: true })));
      },
      GCLOUD_MS,
    );

    it('rejects a wrong line', async () => {
      for (const wrong of ['--concurrency=many', '--no-such-flag', '--timeout=soon', '--set-secrets=A']) {
        const { code, stderr } = await inShell(
          `gcloud functions deploy visits --gen2 --region=r --project=demo ${wrong}`,
        );
        expect({ wrong, code, stopped: stderr.includes(SIGN_IN) }).toEqual({
          wrong,
          code: 2,
          stopped: false,
        });
      }
    });
  },
);
