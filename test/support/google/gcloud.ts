import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { nodeEnvironment } from '../node-process.ts';
import { startGcloudServer } from './gcloud-server.ts';

/** Returns the first program of this name on PATH, or null. */
export function findProgram(name: string): string | null {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.map((folder) => join(folder, name)).find(existsSync) ?? null;
}

/** Returns true if a program is installed. Otherwise it warns that the tests which need it are skipped. */
export function programOrSkip(name: string, what: string): boolean {
  const found = findProgram(name) !== null;
  if (!found) process.stdout.write(`SKIPPED: ${what}; ${name} is not on this machine\n`);
  return found;
}

export interface ProgramOutcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end. A non-zero exit code is an outcome, not an exception. */
export function runProgram(
  file: string,
  args: readonly string[],
  options: { env: Record<string, string>; cwd?: string },
): Promise<ProgramOutcome> {
  return new Promise((resolve) => {
    execFile(file, args, { ...options, maxBuffer: 16_000_000 }, (error, stdout, stderr) => {
      const code = error ? (typeof error.code === 'number' ? error.code : null) : 0;
      resolve({ code, stdout, stderr });
    });
  });
}

export interface GcloudHome {
  /** An environment in which gcloud has no account, never prompts and reaches no network. */
  env: Record<string, string>;
  run(args: readonly string[]): Promise<ProgramOutcome>;
  remove(): Promise<void>;
}

/** APIs whose addresses gcloud reads from its configuration: all that this project's commands use. */
const APIS = [
  'ARTIFACTREGISTRY',
  'CLOUDFUNCTIONS',
  'CLOUDSCHEDULER',
  'CLOUDTASKS',
  'CLOUDBUILD',
  'CLOUDRESOURCEMANAGER',
  'FIREBASERULES',
  'FIRESTORE',
  'IAM',
  'LOGGING',
  'MONITORING',
  'RUN',
  'SECRETMANAGER',
  'SERVICEUSAGE',
];

/**
 * Makes a separate configuration for gcloud. Without `endpoint` it has no account, so that commands stop after
 * reading their arguments. With one, it has an invented access token and finds every API there.
 */
export async function gcloudHome(options: { endpoint?: string; project?: string } = {}): Promise<GcloudHome> {
  const home = await mkdtemp(join(tmpdir(), 'ronde-gcloud-'));
  const env: Record<string, string> = {
    ...nodeEnvironment(),
    HOME: home,
    CLOUDSDK_CONFIG: join(home, 'config'),
    CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
    CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: 'true',
    CLOUDSDK_CORE_CHECK_GCE_METADATA: 'false',
    CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: 'true',
    // A request to any other address fails at once.
    https_proxy: 'http://127.0.0.1:9',
    no_proxy: '127.0.0.1',
    ...(options.project ? { CLOUDSDK_CORE_PROJECT: options.project } : {}),
  };
  if (options.endpoint) {
    const token = join(home, 'access-token');
    await writeFile(token, 'made-up-access-token');
    env.CLOUDSDK_AUTH_ACCESS_TOKEN_FILE = token;
    for (const api of APIS) env[`CLOUDSDK_API_ENDPOINT_OVERRIDES_${api}`] = options.endpoint;
  }
  const program = findProgram('gcloud');
  const server = program === null ? null : await startGcloudServer(program, home, env);
  if (server) env.PATH = `${server.folder}${delimiter}${env.PATH}`;
  return {
    env,
    run: (args) => runProgram('gcloud', args, { env, cwd: home }),
    async remove() {
      await server?.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}
