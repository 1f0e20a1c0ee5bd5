import type { Gcloud } from '../google/gcloud.ts';
import type { Identity } from '../google/identity.ts';
import type { GoogleRest } from '../google/rest.ts';
import type { DeployOptions } from './options.ts';
import type { DeployPlan } from './plan.ts';
import type { Report } from './report.ts';

/** Marks functions, repositories and alert policies as ours. */
export const LABEL = { key: 'managed-by', value: 'ronde' } as const;

/** The surroundings of a deployment. */
export interface DeployPlace {
  /** The folder with dist/ and the files of variables. */
  root: string;
  /** The variables of the process and of the file of variables. */
  env: NodeJS.ProcessEnv;
  print: (line: string) => void;
  printError: (line: string) => void;
  wait: (ms: number) => Promise<void>;
}

/** Everything that a step of setup or release needs. */
export interface DeployContext extends DeployPlace {
  options: DeployOptions;
  plan: DeployPlan;
  /** The number of the project, a part of run.app addresses. */
  number: string;
  gcloud: Gcloud;
  rest: GoogleRest;
  /** Null in a dry run. */
  identity: Identity | null;
  /** The number of each secret's newest version, read once. */
  versions: () => Promise<ReadonlyMap<string, string>>;
  report: Report;
}

/** A failure with its remedy, for people; ends the deployment with exit code 1. */
export class DeployError extends Error {}
