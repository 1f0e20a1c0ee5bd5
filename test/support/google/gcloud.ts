import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { nodeEnvironment } from '../node-process.ts';
import { startGcloudServer } from './gcloud-server.ts';

/** The first of this name on PATH, or null. */
export function findProgram(name: string): string | null {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.map((folder) => join(folder, name)).find(existsSync) ?? null;
}

/** Whether a program is here; what needs it is skipped otherwise, and this says so loudly. */
export function programOrSkip(name: string, what: string): boolean {
  const found = findProgram(name) !== null;
  if (!found) process.stdout.write(`SKIPPED: ${what}; ${name} is not on this machine\n`);
  return found;
}

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end; a non-zero exit is an outcome, not an exception. */
export function runProgram(
  file: string,
  args: readonly string[],
  options: { env: Record<string, string>; cwd?: string },
): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(file, args, { ...options, maxBuffer: 16_000_000 }, (error, stdout, stderr) => {
      const code = error ? (typeof error.code === 'number' ? error.code : null) : 0;
      resolve({ code, stdout, stderr });
    });
  });
}

export interface GcloudHome {
  /** An environment in which gcloud knows nobody, asks nothing and reaches no network by itself. */
  env: Record<string, string>;
  run(args: readonly string[]): Promise<Outcome>;
  remove(): Promise<void>;
}

/** APIs whose addresses gcloud takes from its configuration: all those that this project's commands use. */
const APIS = [
  'CLOUDFUNCTIONS',
  'CLOUDSCHEDULER',
  'CLOUDTASKS',
  'CLOUDBUILD',
  'CLOUDRESOURCEMANAGER',
  'FIRESTORE',
  'IAM',
  'RUN',
  'SECRETMANAGER',
  'SERVICEUSAGE',
];

/**
 * A configuration of its own for gcloud. Without `endpoint` it has no account, so that every command stops after its
 * arguments have been read; with one it has a made-up access token, and every API is at that address.
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
    // Whatever would go to the network after all fails at once.
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
