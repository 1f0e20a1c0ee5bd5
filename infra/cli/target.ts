import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { functionUrl } from '../../shared/doors/google/addresses.ts';
import { findIdentity } from '../google/identity.ts';
import { findStackFile } from './named-project.ts';

const stackFile = z.object({ gateway: z.url(), issuer: z.url() });

/** The address that the command calls, and its credentials. */
export interface Target {
  url: string;
  authorization: string;
}

/**
 * Returns the local cloud if one runs in this folder and --project names none, signed in as its administrator. Else returns
 * RONDE_URL, or the address of the function by GOOGLE_CLOUD_PROJECT and REGION, with RONDE_TOKEN or an identity token of
 * gcloud's account.
 */
export async function findTarget(
  env: NodeJS.ProcessEnv = process.env,
  functionName = 'console',
): Promise<Target> {
  const given = env.RONDE_URL;
  const stackPath = findStackFile(env);
  if (stackPath) {
    if (given)
      process.stderr.write(
        `Calling the local cloud of this folder, not ${given}; stop npm start to call that.\n`,
      );
    return localTarget(stackPath);
  }
  const own = findFunctionUrl(env, functionName);
  const url = given?.replace(/\/$/, '') || own;
  if (!url) {
    throw new Error(
      'There is no local cloud (start one with npm start), and neither RONDE_URL nor GOOGLE_CLOUD_PROJECT with REGION is set; set the deployed address, or the project and its region.',
    );
  }
  const token = env.RONDE_TOKEN || (await (await findIdentity(env)).idToken(own ?? url));
  return { url, authorization: `Bearer ${token}` };
}

/** Returns the target of a task's own function. */
export const findTaskTarget = (task: { name: string }): Promise<Target> => findTarget(process.env, task.name);

function findFunctionUrl(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const { GOOGLE_CLOUD_PROJECT: project, REGION: region, NAME_PREFIX: prefix = '' } = env;
  return project && region ? functionUrl(project, region, prefix + name) : undefined;
}

async function localTarget(path: string): Promise<Target> {
  const { gateway, issuer } = stackFile.parse(JSON.parse(readFileSync(path, 'utf8')));
  const form = new URLSearchParams({ grant_type: 'password', username: 'admintest1', password: 'Test1234!' });
  const response = await fetch(`${issuer}/token`, { method: 'POST', body: form }).catch(() => {
    throw new Error(`${path} exists but its cloud does not answer; remove the file or run npm start.`);
  });
  const { access_token } = z.object({ access_token: z.string() }).parse(await response.json());
  return { url: gateway, authorization: `Bearer ${access_token}` };
}
