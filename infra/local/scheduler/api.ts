import type { IncomingMessage } from 'node:http';
import { GoogleApiError, restAnswer } from '../google-json.ts';
import { create, list, onJob, type SchedulerState } from './methods.ts';

/** Answers one REST request, with errors in the shape of Google's APIs. */
export function answer(
  state: SchedulerState,
  request: IncomingMessage,
  body: string,
): { status: number; reply: unknown } {
  return restAnswer(() => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    return route(state, request.method ?? 'GET', url, body ? JSON.parse(body) : undefined);
  });
}

const PATH =
  /^\/v1\/projects\/(?<project>[^/]+)\/locations(?:\/(?<location>[^/]+)(?<jobs>\/jobs(?:\/(?<id>[^/:]+)(?::(?<verb>\w+))?)?)?)?$/;

function route(state: SchedulerState, method: string, url: URL, body: unknown): unknown {
  const path = decodeURIComponent(url.pathname);
  const { project, location, jobs, id, verb } = PATH.exec(path)?.groups ?? {};
  if (project && !jobs && method === 'GET') {
    if (!location) return { locations: state.locations.map((known) => describeLocation(project, known)) };
    return describeLocation(project, checkLocation(state, location));
  }
  if (project && location && jobs) {
    const parent = `projects/${project}/locations/${checkLocation(state, location)}`;
    if (!id && method === 'GET') return list(state, parent, url.searchParams);
    if (!id && method === 'POST') return create(state, parent, body);
    const action = verb ? `${method} ${verb}` : method;
    if (id) return onJob(state, `${parent}/jobs/${id}`, { action, query: url.searchParams, body });
  }
  throw new GoogleApiError(404, 'NOT_FOUND', `The local scheduler has no route ${method} ${path}`);
}

function checkLocation(state: SchedulerState, location: string): string {
  if (state.locations.includes(location)) return location;
  throw new GoogleApiError(404, 'NOT_FOUND', `Location '${location}' is not a valid location.`);
}

const describeLocation = (project: string, locationId: string): unknown => ({
  name: `projects/${project}/locations/${locationId}`,
  locationId,
  labels: { 'cloud.googleapis.com/region': locationId },
});
