import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { firestoreRoutes, setupRoutes } from './fake-routes.ts';
import type { Asked, GoogleAnswer, Resource } from './fake-types.ts';

export interface FakeGoogle {
  /** With a trailing slash, which gcloud's endpoint overrides need. */
  url: string;
  asked: Asked[];
  /** The zip of each function's newest upload. */
  zips: Map<string, Buffer>;
  /** The names of existing secrets. */
  secrets: Set<string>;
  /** Everything that exists, by kind and name. */
  kept: Map<string, Resource>;
  /** Answers in place of the API, unless it returns undefined. */
  refuse: (asked: Asked) => GoogleAnswer | undefined;
  stop(): Promise<void>;
}

const LOCATION = 'projects/demo/locations/europe-west1';
const done = (parent: string, type: string): GoogleAnswer => [
  200,
  {
    name: `${parent}/operations/done`,
    done: true,
    metadata: { '@type': `type.googleapis.com/${type}`, stages: [] },
    response: {},
  },
];
const deployed = done(LOCATION, 'google.cloud.functions.v2.OperationMetadata');

/** An error in the shape of Google's APIs. */
export function googleError(code: number, message: string): GoogleAnswer {
  const status =
    {
      404: 'NOT_FOUND',
      409: /contention/.test(message) ? 'ABORTED' : 'ALREADY_EXISTS',
      403: 'PERMISSION_DENIED',
    }[code] ?? 'INTERNAL';
  return [code, { error: { code, message, status } }];
}

/**
 * Starts the parts of Google's APIs that gcloud calls during a deployment. It keeps what gcloud creates, rejects
 * duplicates, and records every request.
 * Nothing is deployed: a function's address is `urlOf(name)`.
 */
export async function startFakeGoogle(urlOf: (name: string) => string): Promise<FakeGoogle> {
  const kept = new Map<string, Resource>();
  const uploads = new Map<string, Buffer>();
  const fake: FakeGoogle = {
    url: '',
    asked: [],
    zips: new Map(),
    secrets: new Set(),
    kept,
    refuse: () => undefined,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  const server = createServer(async (request, response) => {
    const asked = await read(request);
    fake.asked.push(asked);
    const [status, body] = fake.refuse(asked) ?? api(asked);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });

  const listKept = (start: string) =>
    [...kept].filter(([key]) => key.startsWith(start)).map(([, resource]) => resource);
  const create = (name: string, resource: Resource, answer: GoogleAnswer): GoogleAnswer => {
    if (kept.has(name)) return googleError(409, `${name} already exists`);
    kept.set(name, resource);
    return answer;
  };

  const state = { kept, create, missing: (message: string) => googleError(404, message) };
  const routes: [RegExp, (asked: Asked, name: string) => GoogleAnswer][] = [
    [/^\/v[12]\/(.+):getIamPolicy$/, (_, name) => [200, kept.get(`policy ${name}`) ?? { etag: 'YWJj' }]],
    [
      /^\/v[12]\/(.+):setIamPolicy$/,
      ({ body }, name) => {
        kept.set(`policy ${name}`, body.policy);
        return [200, body.policy];
      },
    ],
    [
      /^(\/upload\/.+)$/,
      ({ body }, name) => {
        uploads.set(name, body);
        return [200, {}];
      },
    ],
    [/operations\/(\w+)$/, () => deployed],
    ...firestoreRoutes(state),
    ...setupRoutes(state),
    [/^\/v1\/projects\/([^/]+)$/, (_, name) => [200, { projectId: name, projectNumber: '123456789' }]],
    [
      /\/projects\/[^/]+\/(roles)$/,
      ({ body }) =>
        create(`role ${body.roleId}`, body, [200, { name: `projects/demo/roles/${body.roleId}` }]),
    ],
    [
      /\/projects\/[^/]+\/roles\/(\w+)$/,
      ({ method, path, body }, name) => {
        const known = kept.get(`role ${name}`);
        if (!known) return googleError(404, `The role named ${name} was not found.`);
        const role = {
          ...(known.role as Resource),
          ...(method === 'PATCH' ? body : {}),
          name: path.slice(4),
        };
        kept.set(`role ${name}`, { roleId: name, role });
        return [200, role];
      },
    ],
    [
      /\/(serviceAccounts)$/,
      ({ method, body }) => {
        if (method === 'GET') return [200, { accounts: listKept('account ') }];
        const email = `${body.accountId}@demo.iam.gserviceaccount.com`;
        return create(`account ${email}`, { ...body, email }, [
          200,
          { email, name: `projects/demo/serviceAccounts/${email}` },
        ]);
      },
    ],
    [
      /\/secrets\/([^/]+)\/versions\/latest$/,
      ({ path }, name) =>
        fake.secrets.has(name)
          ? [200, { name: path.slice(4).replace('latest', '7'), state: 'ENABLED' }]
          : googleError(404, `No ${path}`),
    ],
    [/\/(queues)$/, ({ body }) => create(String(body.name), body, [200, body])],
    [
      /^\/v2\/(.+\/queues\/[^/:]+)$/,
      ({ method, body }, name) => {
        if (!kept.has(name)) return googleError(404, 'Queue does not exist.');
        if (method === 'PATCH') kept.set(name, { ...kept.get(name), ...body });
        return [200, kept.get(name)];
      },
    ],
    [/\/(runtimes)$/, () => [200, { runtimes: [{ name: 'nodejs24', environment: 'GEN_2', stage: 'GA' }] }]],
    [
      /functions:(generateUploadUrl)$/,
      () => {
        const object = `${uploads.size}.zip`;
        return [200, { uploadUrl: `${fake.url}upload/${object}`, storageSource: { bucket: 'b', object } }];
      },
    ],
    [
      /\/(functions)$/,
      ({ method, query, body }) =>
        method === 'GET'
          ? [200, { functions: listKept('function ') }]
          : put(query.get('functionId') ?? '', body),
    ],
    [
      /\/functions\/([^/:]+)$/,
      ({ method, path, body }, name) => {
        const known = kept.get(`function ${name}`);
        if (!known) return googleError(404, `Resource '${path.slice(4)}' was not found`);
        return method === 'GET' ? [200, known] : put(name, body);
      },
    ],
  ];

  const api = (asked: Asked): GoogleAnswer => {
    for (const [pattern, answer] of routes) {
      const [, name] = pattern.exec(asked.path) ?? [];
      if (name !== undefined) return answer(asked, name);
    }
    return googleError(404, `the fake has no route ${asked.method} ${asked.path}`);
  };

  const put = (name: string, body: Record<string, Resource>): GoogleAnswer => {
    const known = kept.get(`function ${name}`);
    const uri = urlOf(name);
    kept.set(`function ${name}`, {
      ...known,
      ...body,
      name: `${LOCATION}/functions/${name}`,
      url: uri,
      state: 'ACTIVE',
      environment: 'GEN_2',
      serviceConfig: {
        ...(known?.serviceConfig as Resource),
        ...body.serviceConfig,
        uri,
        service: `${LOCATION}/services/${name}`,
      },
    });
    const source = body.buildConfig?.source as { storageSource?: { object?: string } } | undefined;
    const zip = uploads.get(`/upload/${source?.storageSource?.object}`);
    if (zip) fake.zips.set(name, zip);
    return deployed;
  };

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  fake.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return fake;
}

async function read(request: IncomingMessage): Promise<Asked> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const url = new URL(request.url ?? '/', 'http://fake');
  const json = /json/.test(request.headers['content-type'] ?? '') && bytes.length > 0;
  return {
    method: request.method ?? 'GET',
    // gcloud names the project of an account by a hyphen when it reads.
    path: decodeURIComponent(url.pathname).replace('/projects/-/', '/projects/demo/'),
    query: url.searchParams,
    body: json ? JSON.parse(bytes.toString('utf8')) : bytes,
  };
}
