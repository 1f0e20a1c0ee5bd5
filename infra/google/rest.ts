import { z } from 'zod';

/** Calls APIs for which gcloud has no command, with gcloud's own access token. */
export interface GoogleRest {
  /** Returns the answer's JSON, or null for 404. In a dry run prints the call and returns null. */
  call(request: RestRequest): Promise<unknown>;
}

export interface RestRequest {
  /** The API, such as `firebaserules`. */
  api: string;
  method: 'GET' | 'POST' | 'PATCH';
  path: string;
  body?: object;
}

export interface RestOptions {
  project: string;
  isDry: boolean;
  env: NodeJS.ProcessEnv;
  print: (line: string) => void;
  accessToken: () => Promise<string>;
}

const TIMEOUT_MS = 30_000;
const failure = z.object({ error: z.object({ message: z.string() }) });

/** Opens the APIs. gcloud's endpoint override counts for a stand-in on this machine only. */
export function openRest(options: RestOptions): GoogleRest {
  return {
    async call({ api, method, path, body }) {
      const base = readOverride(api, options.env) ?? `https://${api}.googleapis.com`;
      if (method !== 'GET') options.print(`# ${method} ${base}/${path}`);
      if (options.isDry) return null;
      const response = await fetch(`${base}/${path}`, {
        method,
        headers: {
          Authorization: `Bearer ${await options.accessToken()}`,
          'Content-Type': 'application/json',
          // A person's token has no project of its own.
          'x-goog-user-project': options.project,
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (response.status === 404) return null;
      const answer: unknown = await response.json().catch(() => ({}));
      if (response.ok) return answer;
      const said = failure.safeParse(answer).data?.error.message ?? response.statusText;
      throw new Error(`${api} answers ${response.status}: ${said}`);
    },
  };
}

/** Returns gcloud's endpoint override of an API without its last slash, if it is a loopback address. */
export function readOverride(api: string, env: NodeJS.ProcessEnv): string | undefined {
  const endpoint = env[`CLOUDSDK_API_ENDPOINT_OVERRIDES_${api.toUpperCase()}`] ?? '';
  return /^http:\/\/(127\.0\.0\.1|localhost):\d+\/?$/.test(endpoint)
    ? endpoint.replace(/\/$/, '')
    : undefined;
}
