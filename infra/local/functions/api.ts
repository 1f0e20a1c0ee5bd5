import type { IncomingMessage } from 'node:http';
import { GoogleApiError } from '../google-json.ts';
import type { FunctionResource } from './resource.ts';

/** The real service's page sizes: 100 by default, 1000 at most. */
const PAGE_SIZE = 100;
const MAX_PAGE_SIZE = 1000;

const PATH =
  /^\/(?<version>v[12])\/projects\/(?<project>[^/]+)\/locations(?:\/(?<location>[^/]+)\/(?<kind>functions|runtimes)(?:\/(?<id>[^/:]+))?)?$/;

interface FunctionPlace {
  project: string;
  region: string;
}

/** Answers one request of the read-only REST API, with errors in the shape of Google's APIs. */
export function answerFunctions(
  functions: readonly FunctionResource[],
  place: FunctionPlace,
  request: IncomingMessage,
): { status: number; reply: unknown } {
  try {
    return { status: 200, reply: route(functions, place, request) };
  } catch (thrown) {
    const error =
      thrown instanceof GoogleApiError
        ? thrown
        : new GoogleApiError(400, 'INVALID_ARGUMENT', 'Malformed request.');
    const { http: code, message, status } = error;
    return { status: code, reply: { error: { code, message, status } } };
  }
}

function route(
  functions: readonly FunctionResource[],
  place: FunctionPlace,
  request: IncomingMessage,
): unknown {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const path = decodeURIComponent(url.pathname);
  const { version, project, location, kind, id } = PATH.exec(path)?.groups ?? {};
  if (request.method !== 'GET' || !project) {
    const hint = 'The local functions are those of this directory: nothing is deployed, changed or deleted.';
    throw new GoogleApiError(404, 'NOT_FOUND', `No route ${request.method} ${path}. ${hint}`);
  }
  if (!location) return { locations: [describePlace(project, place.region)] };
  if (kind === 'runtimes')
    return { runtimes: [{ name: 'nodejs24', environment: 'GEN_2', stage: 'GA', displayName: 'Node.js 24' }] };
  if (id) {
    const name = `projects/${project}/locations/${location}/functions/${id}`;
    const found = functions.find((resource) => resource.name === name);
    if (!found) throw new GoogleApiError(404, 'NOT_FOUND', `Resource '${name}' was not found`);
    return found;
  }
  // gcloud asks version 1 for first-generation functions, and there are none.
  if (version === 'v1') return {};
  const here = project === place.project && (location === '-' || location === place.region);
  return page(here ? functions : [], url.searchParams);
}

function page(functions: readonly FunctionResource[], query: URLSearchParams): unknown {
  const size = Math.min(Number(query.get('pageSize')) || PAGE_SIZE, MAX_PAGE_SIZE);
  const from = Number(query.get('pageToken') ?? 0);
  if (!Number.isInteger(from) || from < 0)
    throw new GoogleApiError(
      400,
      'INVALID_ARGUMENT',
      'The page token is unknown; list again from the first page.',
    );
  const next = from + size < functions.length ? { nextPageToken: String(from + size) } : {};
  return { functions: functions.slice(from, from + size), ...next };
}

const describePlace = (project: string, locationId: string): unknown => ({
  name: `projects/${project}/locations/${locationId}`,
  locationId,
});
