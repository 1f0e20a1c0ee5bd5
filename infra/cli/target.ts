import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { z } from 'zod';

const STACK_FILE = '.local/stack.json';
const stackFile = z.object({ gateway: z.url(), issuer: z.url() });

/** The address that the command calls, and its credentials. */
export interface Target {
  url: string;
  authorization: string;
}

/**
 * Returns the local cloud if `.local/stack.json` exists, signed in as its administrator. Else returns RONDE_URL, with
 * RONDE_TOKEN or gcloud's identity token.
 */
export async function findTarget(env: NodeJS.ProcessEnv = process.env): Promise<Target> {
  const url = env.RONDE_URL;
  if (existsSync(STACK_FILE)) {
    if (url)
      process.stderr.write(
        `Calling the local cloud of this folder, not ${url}; stop npm start to call that.\n`,
      );
    return localTarget();
  }
  if (!url) {
    throw new Error(
      'There is no local cloud (start one with npm start) and RONDE_URL is not set; set it to the deployed address.',
    );
  }
  const token = env.RONDE_TOKEN || (await gcloudToken());
  return { url: url.replace(/\/$/, ''), authorization: `Bearer ${token}` };
}

async function localTarget(): Promise<Target> {
  const { gateway, issuer } = stackFile.parse(JSON.parse(readFileSync(STACK_FILE, 'utf8')));
  const form = new URLSearchParams({ grant_type: 'password', username: 'admintest1', password: 'Test1234!' });
  const response = await fetch(`${issuer}/token`, { method: 'POST', body: form }).catch(() => {
    throw new Error(`${STACK_FILE} exists but its cloud does not answer; remove the file or run npm start.`);
  });
  const { access_token } = z.object({ access_token: z.string() }).parse(await response.json());
  return { url: gateway, authorization: `Bearer ${access_token}` };
}

async function gcloudToken(): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('gcloud', ['auth', 'print-identity-token']);
    return stdout.trim();
  } catch {
    throw new Error(
      'RONDE_TOKEN is not set and gcloud has no identity token; run gcloud auth login, or set RONDE_TOKEN.',
    );
  }
}
