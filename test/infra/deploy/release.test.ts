import { describe, expect, it } from 'vitest';
import { DeployError } from '../../../infra/deploy/context.ts';
import {
  findChangedFields,
  findMissingTtls,
  type IndexFile,
  isWide,
  readIndexes,
  toCompositeFlags,
  toExemptionFlags,
  toIndexConfig,
} from '../../../infra/deploy/firestore.ts';
import { DeployUsageError, parseOptions } from '../../../infra/deploy/options.ts';
import { makePlan } from '../../../infra/deploy/plan.ts';
import { isOurs, isUnchanged, toFunctionFlags } from '../../../infra/deploy/release/functions.ts';
import { checkPermissions } from '../../../infra/deploy/release/permissions.ts';
import { judge } from '../../../infra/deploy/release/smoke.ts';
import { findMissingGrants, parsePolicy } from '../../../infra/deploy/setup/accounts.ts';
import { setUpRules } from '../../../infra/deploy/setup/rules.ts';
import { findVersions } from '../../../infra/deploy/setup/secrets.ts';
import { GcloudError, isPassing } from '../../../infra/google/gcloud.ts';
import { readSchedule } from '../../../infra/scheduler/file.ts';

const ENV = {
  UPSTASH_REDIS_REST_URL: 'https://made-up.upstash.example',
  AUTH_ISSUER: 'https://sign-in.example.test',
  AUTH_AUDIENCE: 'ronde',
};
const PLACE = ['--project', 'demo', '--region', 'europe-west1'];
const optionsOf = (...args: string[]) => {
  const options = parseOptions([...PLACE, ...args]);
  if (!options) throw new Error('a test asks for no help');
  return options;
};
const options = optionsOf('release');
const plan = makePlan({ ...options, number: '42', operator: null }, ENV);
const visits = plan.functions.find(({ name }) => name === 'visits');
if (!visits) throw new Error('there is no function visits');
const SERVICE = {
  serviceAccountEmail: visits.account,
  allTrafficOnLatestRevision: true,
  availableMemory: '512Mi',
  availableCpu: '1',
  timeoutSeconds: 60,
  minInstanceCount: 0,
  maxInstanceCount: 10,
  maxInstanceRequestConcurrency: 80,
  environmentVariables: visits.environment,
};
const FOUND = {
  name: 'projects/demo/locations/europe-west1/functions/visits',
  state: 'ACTIVE',
  labels: { 'managed-by': 'ronde', 'ronde-digest': 'd' },
  serviceConfig: SERVICE,
};

describe('the arguments of a function', () => {
  it('pin secrets, send all traffic to the new revision and reset what the file does not name', () => {
    const flags = toFunctionFlags(
      visits,
      { plan, options },
      new Map([['ronde-upstash-redis-rest-token', '7']]),
    );
    expect(flags).toEqual(
      expect.arrayContaining([
        '--serve-all-traffic-latest-revision',
        '--set-secrets=UPSTASH_REDIS_REST_TOKEN=ronde-upstash-redis-rest-token:7',
        '--cpu=1',
        '--min-instances=0',
        '--clear-vpc-connector',
        '--docker-repository=projects/demo/locations/europe-west1/repositories/ronde',
      ]),
    );
  });

  it('state the CPU that the memory implies, and send mail through a connector', () => {
    const entry = { ...visits.entry, cpu: undefined, vpc_connector: 'mail' };
    const flags = toFunctionFlags({ ...visits, entry }, { plan, options }, new Map());
    expect(flags).toEqual(
      expect.arrayContaining(['--cpu=0.333', '--vpc-connector=mail', '--egress-settings=all']),
    );
  });

  it.each<[string, object, boolean]>([
    ['equal', {}, true],
    ['of another bundle', { labels: { ...FOUND.labels, 'ronde-digest': 'e' } }, false],
    ['failed', { state: 'FAILED' }, false],
    ['pinned by a rollback', { serviceConfig: { ...SERVICE, allTrafficOnLatestRevision: false } }, false],
    ['with another CPU', { serviceConfig: { ...SERVICE, availableCpu: '0.333' } }, false],
    ['with instances kept warm by hand', { serviceConfig: { ...SERVICE, minInstanceCount: 2 } }, false],
    ['with another variable', { serviceConfig: { ...SERVICE, environmentVariables: {} } }, false],
  ])('leave a function alone only if it is equal: %s', (_, change, expected) => {
    expect(isUnchanged({ ...FOUND, ...change }, visits, 'd')).toBe(expected);
  });

  it('recognise a function by our label or account, and no other', () => {
    expect(isOurs(FOUND, [])).toBe(true);
    const foreign = { ...FOUND, labels: { 'deployment-tool': 'console-cloud' } };
    expect(isOurs(foreign, ['someone@demo.test'])).toBe(false);
    expect(isOurs(foreign, [visits.account])).toBe(true);
  });
});

describe('a failure of gcloud', () => {
  it.each([
    'ERROR: ABORTED: Aborted due to cross-transaction contention',
    'UNAVAILABLE: The service is currently unavailable',
    'RESOURCE_EXHAUSTED: Quota exceeded',
    'There were concurrent policy changes. Please retry the whole read-modify-write',
    'Service account projects/-/serviceAccounts/a@b was not found. Verify iam.serviceAccounts.actAs',
    'INVALID_ARGUMENT: Service account a@b does not exist.',
    'NOT_FOUND: Unknown service account',
    'API [run.googleapis.com] has not been used in project 1 before or it is disabled',
  ])('passes by itself: %s', (message) => expect(isPassing(message)).toBe(true));

  it.each([
    'PERMISSION_DENIED: Permission cloudfunctions.functions.create denied',
    'INVALID_ARGUMENT: Invalid memory',
    'NOT_FOUND: Requested entity was not found',
    'ALREADY_EXISTS: index already exists',
  ])('stays: %s', (message) => expect(isPassing(message)).toBe(false));
});

describe('the smoke test', () => {
  it.each<[string, number, string, boolean, string | null]>([
    ['a dry run', 200, '{"run_id":"r"}', true, null],
    ['a run that the data fails', 503, '{"run_id":"r","message":"3 late ticket(s)"}', true, null],
    ['a door', 401, '{"error":{"message":"A proof is missing."}}', false, null],
    ["Google's door", 403, '<html>Forbidden</html>', false, 'answers 403: Forbidden'],
    ['no function', 404, '<html><h1>Not found</h1></html>', false, 'answers 404: Not found'],
    ['a crash', 500, 'Internal Server Error', true, 'answers 500: Internal Server Error'],
    [
      'an operator it does not know',
      403,
      '{"error":{"message":"not in OPERATORS"}}',
      true,
      'not in OPERATORS',
    ],
    ['a sign-in page before the function', 200, '<html>Sign in</html>', false, 'answers 200: Sign in'],
    ['a body of nothing', 502, '', true, 'answers 502: nothing'],
  ])('judges %s', (_, status, text, hasProof, expected) => {
    const found = judge(status, text, hasProof);
    if (expected === null) expect(found).toBeNull();
    else expect(found).toContain(expected);
  });
});

describe('setup lists before it changes', () => {
  const file = readIndexes();
  const groups = 'projects/demo/databases/(default)/collectionGroups';
  const listed = (indexes: IndexFile['indexes']) =>
    indexes.map(({ collectionGroup, queryScope, fields }, number) => ({
      name: `${groups}/${collectionGroup}/indexes/${number}`,
      queryScope,
      fields: [...fields, { fieldPath: '__name__', order: 'ASCENDING' }],
    }));

  it('creates the indexes that are missing', () => {
    expect(toCompositeFlags(file)).toHaveLength(file.indexes.length);
    expect(toCompositeFlags(file, listed(file.indexes))).toEqual([]);
    const [first] = toCompositeFlags(file, listed(file.indexes.slice(1)));
    expect(first?.[0]).toBe('--collection-group=page_visits');
  });

  it('changes the fields whose indexes or TTL differ', () => {
    const fields = file.fieldOverrides.map(({ collectionGroup, fieldPath }) => ({
      name: `${groups}/${collectionGroup}/fields/${fieldPath}`,
      indexConfig: { indexes: [] },
    }));
    expect(findChangedFields(file, fields)).toEqual(
      file.fieldOverrides.filter(({ indexes }) => indexes.length > 0),
    );
    const wide = {
      collectionGroup: 'a',
      fieldPath: 'b',
      indexes: [{ queryScope: 'COLLECTION_GROUP', order: 'ASCENDING' }],
    } as const;
    const one = { fieldOverrides: [{ ...wide, indexes: [...wide.indexes] }] };
    const known = (queryScope: string) => [
      {
        name: `${groups}/a/fields/b`,
        indexConfig: { indexes: [{ queryScope, fields: [{ fieldPath: 'b', order: 'ASCENDING' }] }] },
      },
    ];
    expect(findChangedFields(one, known('COLLECTION_GROUP'))).toEqual([]);
    const [changed] = findChangedFields(one, known('COLLECTION'));
    if (!changed) throw new Error('the wider scope is no change');
    // gcloud ignores the wider scope, so that REST sets it.
    expect(isWide(changed)).toBe(true);
    expect(toIndexConfig(changed)).toEqual({
      indexConfig: {
        indexes: [{ queryScope: 'COLLECTION_GROUP', fields: [{ fieldPath: 'b', order: 'ASCENDING' }] }],
      },
    });
    const plain = file.fieldOverrides.find((field) => !isWide(field) && field.indexes.length === 0);
    expect(plain && toExemptionFlags(plain)).toContain('--disable-indexes');
    expect(findMissingTtls(file, fields)).toEqual([]);
    expect(findMissingTtls(file)).toContainEqual({ group: 'task_runs', field: 'expires_at' });
  });

  it('grants what a policy lacks; a conditional binding does not count', () => {
    const policy = parsePolicy({
      bindings: [
        { role: 'a', members: ['user:x'] },
        { role: 'b', members: ['user:x'], condition: { title: 'until' } },
      ],
    });
    const wanted = [
      ['a', 'user:x'],
      ['b', 'user:x'],
      ['a', 'user:y'],
    ] as const;
    expect(findMissingGrants(policy, wanted)).toEqual(wanted.slice(1));
  });

  it('keeps "no permission" apart from "no secret"', async () => {
    const gcloudThat = (message: string) => ({
      isDry: false,
      calls: () => 0,
      ask: async () => '',
      change: async () => undefined,
      read: async () => Promise.reject(new GcloudError(message)),
    });
    const versions = (message: string) => findVersions({ gcloud: gcloudThat(message), plan, options });
    await expect(versions('NOT_FOUND: Secret [x] not found')).rejects.toThrow(/create them and run again/);
    await expect(versions('PERMISSION_DENIED: secretmanager.versions.get')).rejects.toThrow(
      'PERMISSION_DENIED: secretmanager.versions.get',
    );
  });

  it('replaces the rules of another application only with --adopt', async () => {
    const asked: string[] = [];
    const rest = {
      async call({ method, path }: { method: string; path: string }) {
        asked.push(`${method} ${path}`);
        if (path.endsWith('/cloud.firestore')) return { rulesetName: 'projects/demo/rulesets/1' };
        return { name: 'projects/demo/rulesets/2', source: { files: [{ content: 'allow read' }] } };
      },
    };
    const context = { rest, plan, options };
    await expect(setUpRules(context)).rejects.toThrow(/other security rules.*--adopt/);
    expect(asked.every((line) => line.startsWith('GET'))).toBe(true);
    await setUpRules({ ...context, options: { ...options, adopt: true } });
    expect(asked.at(-1)).toBe('PATCH v1/projects/demo/releases/cloud.firestore');
  });

  it('names the roles of a releaser who lacks a permission', async () => {
    const rest = { call: async () => ({ permissions: ['run.services.setIamPolicy'] }) };
    const check = checkPermissions({ rest, options, identity: null });
    await expect(check).rejects.toThrow(DeployError);
    await expect(check).rejects.toThrow(/lacks cloudfunctions.*roles\/cloudfunctions\.admin.*--releaser/);
  });
});

describe('the arguments of deploy.sh', () => {
  it.each([
    [['--project', 'example.com:acme', '--region', 'europe-west1'], 'without a domain'],
    [[...PLACE, '--prefix', 'Staging'], 'ending in a hyphen'],
    [[...PLACE, 'deploy'], '"deploy" is not a command; legal: setup, release, destroy'],
    [[...PLACE, 'destroy'], 'destroy needs --only'],
    [[...PLACE, '--budget', '20'], '--billing-account'],
    [[...PLACE, '--only', '--dry-run'], '--only needs a value'],
  ])('are refused: %j', (args, expected) => {
    expect(() => parseOptions(args)).toThrow(DeployUsageError);
    expect(() => parseOptions(args)).toThrow(expected);
  });

  it('mean setup, then release, without a command; -h asks for help', () => {
    expect(optionsOf().command).toBe('all');
    expect(parseOptions(['-h'])).toBeNull();
    expect(readSchedule().functions.length).toBe(plan.functions.length);
  });
});
