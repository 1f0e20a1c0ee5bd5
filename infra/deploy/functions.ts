import type { ScheduledFunction, ScheduleFile } from '../scheduler/parse.ts';

export interface DeployContext {
  defaults: ScheduleFile['defaults'];
  /** The account the function runs as. */
  serviceAccount: string;
  /** The account that builds: `projects/P/serviceAccounts/EMAIL`. */
  buildAccount: string;
  /** Whether callers without an IAM role get through to the door of the function. */
  open: boolean;
}

/** Where deploy.sh writes the plain variables of a function, outside of what is deployed. */
export const envFile = (name: string): string => `.local/deploy/${name}.yaml`;

/** Arguments of `gcloud functions deploy NAME`; everything that infra/scheduler.yaml says is stated, so that nothing drifts. */
export function functionFlags(
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
    `--env-vars-file=${envFile(entry.name)}`,
    secrets.length > 0 ? `--set-secrets=${secrets.join(',')}` : '--clear-secrets',
  ];
}
