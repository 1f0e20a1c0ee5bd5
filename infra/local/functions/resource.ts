import type { ScheduledFunction, ScheduleFile } from '../../scheduler/parse.ts';

/** A function in Cloud Functions' REST v2 (google.cloud.functions.v2.Function). */
export interface FunctionResource {
  name: string;
  environment: 'GEN_2';
  state: 'ACTIVE';
  url: string;
  buildConfig: { runtime: string; entryPoint: string };
  serviceConfig: Record<string, unknown> & { uri: string };
}

/** The parts of the resource that infra/scheduler.yaml does not hold. */
export interface ResourceContext {
  project: string;
  region: string;
  uri: string;
  defaults: ScheduleFile['defaults'];
}

/** Describes one function of infra/scheduler.yaml as the real service would. Secrets appear by name only. */
export function describeFunction(entry: ScheduledFunction, context: ResourceContext): FunctionResource {
  const { project, region, uri, defaults } = context;
  const parent = `projects/${project}/locations/${region}`;
  return {
    name: `${parent}/functions/${entry.name}`,
    environment: 'GEN_2',
    state: 'ACTIVE',
    url: uri,
    buildConfig: { runtime: defaults.runtime, entryPoint: entry.name },
    serviceConfig: {
      service: `${parent}/services/${entry.name}`,
      timeoutSeconds: entry.timeout,
      availableMemory: entry.memory,
      ...(entry.cpu === undefined ? {} : { availableCpu: String(entry.cpu) }),
      maxInstanceCount: entry.max_instances,
      maxInstanceRequestConcurrency: entry.concurrency,
      ingressSettings: 'ALLOW_ALL',
      allTrafficOnLatestRevision: true,
      uri,
      secretEnvironmentVariables: Object.entries(entry.secrets).map(([key, secret]) => ({
        key,
        secret,
        projectId: project,
        version: 'latest',
      })),
    },
  };
}
