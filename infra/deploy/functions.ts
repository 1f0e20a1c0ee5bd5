import type { ScheduledFunction, ScheduleFile } from '../scheduler/parse.ts';

export interface DeployContext {
  defaults: ScheduleFile['defaults'];
  /** The account as which the function runs. */
  serviceAccount: string;
  /** The account that builds, as `projects/P/serviceAccounts/EMAIL`. */
  buildAccount: string;
  /** Lets callers without an IAM role reach the function, which checks them itself. */
  open: boolean;
}

/** Returns the file for the plain variables of a function, outside the deployed folder. */
export const envFilePath = (name: string): string => `.local/deploy/${name}.yaml`;

/** Returns the arguments of `gcloud functions deploy NAME`. States everything in infra/scheduler.yaml, so that nothing drifts. */
export function toFunctionFlags(
  entry: ScheduledFunction,
  { defaults, serviceAccount, buildAccount, open }: DeployContext,
): string[] {
  const secrets = Object.entries(entry.secrets).map(([variable, secret]) => `${variable}=${secret}:latest`);
  return [
    '--gen2',
    `--runtime=${defaults.runtime}`,
    `--source=dist/${entry.name}`,
    `--entry-point=${entry.name}`,
    '--trigger-http',
    open ? '--allow-unauthenticated' : '--no-allow-unauthenticated',
    '--ingress-settings=all',
    `--service-account=${serviceAccount}`,
    `--build-service-account=${buildAccount}`,
    `--memory=${entry.memory}`,
    ...(entry.cpu === undefined ? [] : [`--cpu=${entry.cpu}`]),
    `--timeout=${entry.timeout}s`,
    `--concurrency=${entry.concurrency}`,
    `--max-instances=${entry.max_instances}`,
    `--env-vars-file=${envFilePath(entry.name)}`,
    secrets.length > 0 ? `--set-secrets=${secrets.join(',')}` : '--clear-secrets',
  ];
}
