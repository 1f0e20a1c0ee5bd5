import type { Command } from 'commander';
import { stringify } from 'yaml';
import { listRoutes, toFirebaseConfig, toUrlMap } from '../deploy/routes.ts';
import { UsageError } from './usage-error.ts';

interface RoutesOptions {
  json?: true;
  firebase?: true;
  urlMap?: true;
  project?: string;
  region?: string;
}

/** Adds `ronde routes`: the route table, and the recipes that put all functions under one host. */
export function addRoutes(
  program: Command,
  print: (text: string) => void,
  env: NodeJS.ProcessEnv = process.env,
): void {
  program
    .command('routes')
    .description('print the route table, or the recipe that puts all functions under one host')
    .option('--firebase', 'as firebase.json with the rewrites of Firebase Hosting')
    .option('--url-map', 'as a load balancer URL map, for gcloud compute url-maps import')
    .option('--project <id>', 'the project, for --url-map; GOOGLE_CLOUD_PROJECT by default')
    .option('--region <region>', 'the region of the functions, for --firebase; REGION by default')
    .option('--json', 'print it as JSON')
    .action((options: RoutesOptions) => print(render(options, env)));
}

function render(options: RoutesOptions, env: NodeJS.ProcessEnv): string {
  const { firebase, urlMap: asMap, json } = options;
  if (firebase && asMap) throw new UsageError('--firebase and --url-map exclude each other; give one.');
  if (firebase) {
    const region = options.region || env.REGION;
    if (!region) throw new UsageError('--firebase needs --region, or REGION.');
    return JSON.stringify(toFirebaseConfig(region), null, 2);
  }
  if (asMap) {
    const project = options.project || env.GOOGLE_CLOUD_PROJECT;
    if (!project) throw new UsageError('--url-map needs --project, or GOOGLE_CLOUD_PROJECT.');
    return json ? JSON.stringify(toUrlMap(project), null, 2) : stringify(toUrlMap(project)).trimEnd();
  }
  const rows = listRoutes();
  if (json) return JSON.stringify(rows, null, 2);
  const width = Math.max(...rows.map(({ path }) => path.length));
  return rows.map(({ path, function: name }) => `${path.padEnd(width)}  ${name}`).join('\n');
}
