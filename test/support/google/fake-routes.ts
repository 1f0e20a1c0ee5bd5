import type { Asked, GoogleAnswer, Resource } from './fake-types.ts';

/** The state that the routes of the fake Google keep and answer with. */
export interface FakeState {
  kept: Map<string, Resource>;
  /** Creates a resource, or answers 409. */
  create: (name: string, resource: Resource, answer: GoogleAnswer) => GoogleAnswer;
  missing: (message: string) => GoogleAnswer;
}

type Route = [RegExp, (asked: Asked, name: string) => GoogleAnswer];

const DATABASE = 'projects/demo/databases/(default)';
const operation = (type: string, metadata: object = {}): GoogleAnswer => [
  200,
  {
    name: `${DATABASE}/operations/done`,
    done: true,
    metadata: { '@type': `type.googleapis.com/${type}`, ...metadata },
    response: {},
  },
];

/** Firestore's administration: indexes, fields, TTL policies and backups, kept as gcloud made them. */
export function firestoreRoutes({ kept, create }: FakeState): Route[] {
  const named = (start: string) => [...kept].filter(([key]) => key.startsWith(start)).map(([, one]) => one);
  return [
    [/documents:(runQuery)$/, () => [200, kept.get('documents')?.rows ?? [{ readTime: 'x' }]]],
    [
      /\/(backupSchedules)$/,
      ({ method, path, body }) =>
        method === 'GET'
          ? [200, { backupSchedules: named('backup ') }]
          : create(`backup ${JSON.stringify(body)}`, body, [200, { ...body, name: `${path.slice(4)}/1` }]),
    ],
    [
      /\/(databases\/[^/]+)$/,
      ({ method, path, body }) => {
        const now = { name: path.slice(4), type: 'FIRESTORE_NATIVE', ...kept.get('database') };
        if (method === 'GET') return [200, now];
        kept.set('database', { ...now, ...body });
        return operation('google.firestore.admin.v1.UpdateDatabaseMetadata');
      },
    ],
    [
      /collectionGroups\/([^/]+)\/indexes$/,
      ({ method, path, body }) => {
        if (method === 'GET') return [200, { indexes: named('index ') }];
        const name = `${path.slice(4)}/${kept.size}`;
        const fields = [...(body.fields as object[]), { fieldPath: '__name__', order: 'ASCENDING' }];
        return create(`index ${path} ${JSON.stringify(body)}`, { ...body, name, fields }, [
          200,
          {
            name: `${DATABASE}/operations/index`,
            // Building an index takes minutes, so that its operation is neither done nor has a response.
            metadata: {
              '@type': 'type.googleapis.com/google.firestore.admin.v1.IndexOperationMetadata',
              index: name,
              state: 'INITIALIZING',
            },
          },
        ]);
      },
    ],
    [
      /\/(fields)$/,
      ({ query }) => {
        const wanted = query.get('filter')?.startsWith('ttlConfig') ? 'ttlConfig' : 'indexConfig';
        return [200, { fields: named('field ').filter((field) => Object.hasOwn(field, wanted)) }];
      },
    ],
    [
      /\/fields\/([^/]+)$/,
      ({ path, query, body }) => {
        const mask = query.get('updateMask') ?? '';
        const change = /ttl/i.test(mask)
          ? { ttlConfig: body.ttlConfig ?? {} }
          : { indexConfig: body.indexConfig ?? {} };
        kept.set(`field ${path}`, { ...kept.get(`field ${path}`), name: path.slice(4), ...change });
        return operation('google.firestore.admin.v1.FieldOperationMetadata', { field: path.slice(4) });
      },
    ],
  ];
}

/** The rest of setup: APIs, regions, rules, images, metrics and alert policies. */
export function setupRoutes({ kept, create, missing }: FakeState): Route[] {
  const list = (start: string) => [...kept].filter(([key]) => key.startsWith(start)).map(([, one]) => one);
  return [
    [
      /services:(batchEnable)$/,
      ({ body }) => {
        for (const name of body.serviceIds as string[]) kept.set(`service ${name}`, { config: { name } });
        return operation('google.api.serviceusage.v1.OperationMetadata');
      },
    ],
    [/^\/v1\/projects\/[^/]+\/(services)$/, () => [200, { services: list('service ') }]],
    [/\/services\/([a-z.]+)$/, ({ path }) => [200, { name: path.slice(4), state: 'ENABLED' }]],
    [/:(testIamPermissions)$/, ({ body }) => [200, { permissions: body.permissions }]],
    [
      /^\/v[12]\/projects\/demo\/(locations)$/,
      () => [
        200,
        { locations: [{ name: 'projects/demo/locations/europe-west1', locationId: 'europe-west1' }] },
      ],
    ],
    [
      /\/releases\/(cloud.firestore)$/,
      () => {
        const found = kept.get('release');
        return found ? [200, found] : missing('no release');
      },
    ],
    [/\/(releases)$/, ({ body }) => create('release', body, [200, body])],
    [
      /\/(rulesets)$/,
      ({ body }) => {
        kept.set('ruleset', { ...body, name: 'projects/demo/rulesets/1' });
        return [200, kept.get('ruleset')];
      },
    ],
    [/\/(rulesets)\/1$/, () => [200, kept.get('ruleset')]],
    [
      /\/(repositories)$/,
      ({ query, body }) => {
        const id = query.get('repositoryId');
        return create(`repository ${id}`, { ...body, name: `projects/demo/locations/r/repositories/${id}` }, [
          200,
          { name: 'projects/demo/locations/europe-west1/operations/done', done: true, response: {} },
        ]);
      },
    ],
    [
      /\/repositories\/([^/:]+)$/,
      ({ method, body }, id) => {
        const found = kept.get(`repository ${id}`);
        if (!found) return missing(`repository ${id} not found`);
        if (method === 'PATCH') kept.set(`repository ${id}`, { ...found, ...body });
        return [200, kept.get(`repository ${id}`)];
      },
    ],
    [
      /^\/v2\/projects\/demo\/(metrics)$/,
      ({ method, body }) =>
        method === 'GET'
          ? [200, { metrics: list('metric ') }]
          : create(`metric ${body.name}`, body, [200, body]),
    ],
    [
      /^\/v3\/projects\/demo\/(notificationChannels|alertPolicies)$/,
      ({ method, body }, kind) =>
        method === 'GET'
          ? [200, { [kind]: list(`${kind} `) }]
          : create(`${kind} ${body.displayName}`, { ...body, name: `projects/demo/${kind}/1` }, [
              200,
              { ...body, name: `projects/demo/${kind}/1` },
            ]),
    ],
  ];
}
