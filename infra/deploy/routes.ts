import { mounted } from '../../functions/registry.ts';

/** One row: the path, and everything below it, belongs to the function. */
export interface Route {
  path: string;
  function: string;
}

/** Every route, the longer first: a path inside another one's (alerts/check inside alerts) is then found before it. */
export function routeTable(): Route[] {
  return mounted
    .map(({ name, prefix }) => ({ path: prefix.replace(/\/+$/, ''), function: name }))
    .sort((a, b) => b.path.length - a.path.length || (a.path < b.path ? -1 : 1));
}

/** What `firebase.json` holds for Firebase Hosting. */
export interface FirebaseConfig {
  hosting: { public: string; rewrites: { regex: string; run: { serviceId: string; region: string } }[] };
}

/**
 * Rewrites of Firebase Hosting. The first match wins there. A function of the second generation is a Cloud Run service
 * of the same name; Hosting passes the whole path on and gives up after 60 seconds.
 */
export function firebaseHosting(region: string): FirebaseConfig {
  const rewrites = routeTable().map(({ path, function: serviceId }) => ({
    regex: `^${path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(/.*)?$`,
    run: { serviceId, region },
  }));
  return { hosting: { public: 'public', rewrites } };
}

/** What `gcloud compute url-maps import` reads. */
export interface UrlMap {
  name: string;
  defaultService: string;
  hostRules: { hosts: string[]; pathMatcher: string }[];
  pathMatchers: { name: string; defaultService: string; pathRules: { paths: string[]; service: string }[] }[];
}

const MAP_NAME = 'ronde';
/** Takes what no route names, and says so; the console where there is one. */
const DEFAULT_FUNCTION = 'console';

/**
 * A URL map of an external Application Load Balancer. The longest match wins there. Each function has a backend
 * service of its own name, over a serverless network endpoint group.
 */
export function urlMap(project: string): UrlMap {
  const routes = routeTable();
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
