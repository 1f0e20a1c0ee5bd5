import { mounted } from '../../functions/registry.ts';
import { withoutEndSlashes } from '../../shared/doors/http/request.ts';

/** A row of the table: the function serves the path and everything below it. */
export interface RouteRow {
  path: string;
  function: string;
}

/** Returns every route, longer ones first, so that alerts/check is found before alerts. */
export function listRoutes(): RouteRow[] {
  return mounted
    .map(({ name, prefix }) => ({ path: withoutEndSlashes(prefix), function: name }))
    .sort((a, b) => b.path.length - a.path.length || (a.path < b.path ? -1 : 1));
}

/** The content of `firebase.json` for Firebase Hosting. */
export interface FirebaseConfig {
  hosting: { public: string; rewrites: { regex: string; run: { serviceId: string; region: string } }[] };
}

/**
 * Returns the rewrites of Firebase Hosting, where the first match wins. A function of the second generation is a Cloud
 * Run service of the same name. Hosting passes on the whole path, and times out after 60 seconds.
 */
export function toFirebaseConfig(region: string): FirebaseConfig {
  const rewrites = listRoutes().map(({ path, function: serviceId }) => ({
    regex: `^${path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(/.*)?$`,
    run: { serviceId, region },
  }));
  return { hosting: { public: 'public', rewrites } };
}

/** The input of `gcloud compute url-maps import`. */
export interface UrlMap {
  name: string;
  defaultService: string;
  hostRules: { hosts: string[]; pathMatcher: string }[];
  pathMatchers: { name: string; defaultService: string; pathRules: { paths: string[]; service: string }[] }[];
}

const MAP_NAME = 'ronde';
/** Answers paths without a route. */
const DEFAULT_FUNCTION = 'console';

/**
 * Returns a URL map of an external Application Load Balancer, where the longest match wins. Each function has a backend
 * service with its name, over a serverless network endpoint group.
 */
export function toUrlMap(project: string): UrlMap {
  const routes = listRoutes();
  const backend = (name: string) =>
    `https://www.googleapis.com/compute/v1/projects/${project}/global/backendServices/${name}`;
  const fallback = routes.find((route) => route.function === DEFAULT_FUNCTION) ?? routes.at(-1);
  const defaultService = backend(fallback?.function ?? DEFAULT_FUNCTION);
  const names = [...new Set(routes.map((route) => route.function))].sort();
  const pathRules = names.map((name) => ({
    paths: routes.filter((route) => route.function === name).flatMap(({ path }) => [path, `${path}/*`]),
    service: backend(name),
  }));
  return {
    name: MAP_NAME,
    defaultService,
    hostRules: [{ hosts: ['*'], pathMatcher: MAP_NAME }],
    pathMatchers: [{ name: MAP_NAME, defaultService, pathRules }],
  };
}
