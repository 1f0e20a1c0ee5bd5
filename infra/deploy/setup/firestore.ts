import { z } from 'zod';
import { GcloudError } from '../../google/gcloud.ts';
import { type DeployContext, DeployError } from '../context.ts';
import {
  compositeList,
  fieldList,
  findChangedFields,
  findMissingTtls,
  type IndexFile,
  isWide,
  readIndexes,
  toCompositeFlags,
  toExemptionFlags,
  toIndexConfig,
} from '../firestore.ts';

const databaseSchema = z.object({
  type: z.string().default('FIRESTORE_NATIVE'),
  pointInTimeRecoveryEnablement: z.string().optional(),
  deleteProtectionState: z.string().optional(),
});

/** The schedules of backups: a week of days, and 14 weeks, the longest that Firestore keeps. */
const BACKUPS = [
  { kind: 'dailyRecurrence', flags: ['--recurrence=daily', '--retention=7d'] },
  { kind: 'weeklyRecurrence', flags: ['--recurrence=weekly', '--day-of-week=SUN', '--retention=14w'] },
];

/** Makes indexes, exemptions and TTL policies, one after the other: Firestore refuses many at once. */
export async function setUpFirestore(context: DeployContext): Promise<void> {
  const { gcloud, plan, options } = context;
  const at = `--database=${plan.database}`;
  await setUpDatabase(context);
  const file = readIndexes();
  const composite = await gcloud.read(['firestore', 'indexes', 'composite', 'list', at], []);
  for (const flags of toCompositeFlags(file, compositeList.parse(composite)))
    await createIndex(context, ['firestore', 'indexes', 'composite', 'create', ...flags, at, '--async']);
  const fields = await gcloud.read(['firestore', 'indexes', 'fields', 'list', at], []);
  for (const field of findChangedFields(file, fieldList.parse(fields))) {
    if (isWide(field)) await patchField(field, context);
    else
      await gcloud.change([
        'firestore',
        'indexes',
        'fields',
        'update',
        ...toExemptionFlags(field),
        at,
        '--async',
      ]);
  }
  const ttls = await gcloud.read(['firestore', 'fields', 'ttls', 'list', at], []);
  for (const { group, field } of findMissingTtls(file, fieldList.parse(ttls))) {
    if (!options.adopt) await refuseForeignGroup(group, context);
    const flags = [field, `--collection-group=${group}`, '--enable-ttl', at, '--async'];
    await gcloud.change(['firestore', 'fields', 'ttls', 'update', ...flags]);
  }
}

/** Sets the indexes of a field over a collection group, which gcloud cannot. */
async function patchField(
  field: IndexFile['fieldOverrides'][number],
  { rest, plan, options }: DeployContext,
): Promise<void> {
  const database = `projects/${options.project}/databases/${plan.database}`;
  const path = `${database}/collectionGroups/${field.collectionGroup}/fields/${field.fieldPath}`;
  const body = toIndexConfig(field);
  await rest.call({ api: 'firestore', method: 'PATCH', path: `v1/${path}?updateMask=indexConfig`, body });
}

/** Creates an index. One that exists was made since the list was read. */
async function createIndex({ gcloud }: DeployContext, args: readonly string[]): Promise<void> {
  await gcloud.change(args).catch((error: unknown) => {
    if (!(error instanceof GcloudError && error.isExisting)) throw error;
  });
}

/** Checks the database, and protects it: recovery to any minute of a week, and no deletion by mistake. */
async function setUpDatabase(context: DeployContext): Promise<void> {
  const { gcloud, plan, options } = context;
  const found = await readDatabase(context);
  if (!found) {
    const flags = `--database='${plan.database}' --location=${options.region} --delete-protection --enable-pitr`;
    throw new DeployError(
      `The Firestore database ${plan.database} does not exist. Its location is permanent, so choose one: gcloud firestore databases create ${flags} --project=${options.project}`,
    );
  }
  if (found.type !== 'FIRESTORE_NATIVE')
    throw new DeployError(
      `The database ${plan.database} is in Datastore mode, and Ronde needs native mode; name another in FIRESTORE_DATABASE.`,
    );
  const missing = [
    ...(found.pointInTimeRecoveryEnablement === 'POINT_IN_TIME_RECOVERY_ENABLED' ? [] : ['--enable-pitr']),
    ...(found.deleteProtectionState === 'DELETE_PROTECTION_ENABLED' ? [] : ['--delete-protection']),
  ];
  const at = `--database=${plan.database}`;
  if (missing.length > 0) await gcloud.change(['firestore', 'databases', 'update', at, ...missing]);
}

async function readDatabase({ gcloud, plan }: DeployContext) {
  const args = ['firestore', 'databases', 'describe', `--database=${plan.database}`];
  const found = await gcloud.read(args, {}).catch((error: unknown) => {
    if (error instanceof GcloudError && error.isMissing) return null;
    throw error;
  });
  return databaseSchema.nullable().parse(found);
}

/** Makes the schedules of backups. */
export async function setUpBackups({ gcloud, plan }: DeployContext): Promise<void> {
  const at = `--database=${plan.database}`;
  const rows = await gcloud.read(['firestore', 'backups', 'schedules', 'list', at], []);
  const existing = z.array(z.record(z.string(), z.unknown())).parse(rows);
  for (const { kind, flags } of BACKUPS) {
    if (existing.some((schedule) => Object.hasOwn(schedule, kind))) continue;
    await gcloud.change(['firestore', 'backups', 'schedules', 'create', at, ...flags]);
  }
}

/** The collection above each group that is not at the root. */
const PARENTS: Readonly<Record<string, string>> = { batches: 'task_runs' };
const documents = z.array(z.object({ document: z.object({ name: z.string() }).optional() }));

/**
 * Throws DeployError if the group of a TTL policy holds documents of another application: Firestore would delete them.
 * Ours share the first collection, so a foreign document is before or after all of them.
 */
async function refuseForeignGroup(group: string, { rest, plan, options }: DeployContext): Promise<void> {
  const root = `projects/${options.project}/databases/${plan.database}/documents`;
  const parent = PARENTS[group] ?? group;
  const after = `${root}/${parent}0/0${PARENTS[group] ? `/${group}/0` : ''}`;
  const query = (extra: object) =>
    rest.call({
      api: 'firestore',
      method: 'POST',
      path: `v1/${root}:runQuery`,
      body: {
        structuredQuery: {
          from: [{ collectionId: group, allDescendants: true }],
          select: { fields: [{ fieldPath: '__name__' }] },
          orderBy: [{ field: { fieldPath: '__name__' } }],
          limit: 1,
          ...extra,
        },
      },
    });
  const answers = [
    await query({}),
    await query({ startAt: { values: [{ referenceValue: after }], before: true } }),
  ];
  for (const { document } of answers.flatMap((answer) => documents.parse(answer ?? []))) {
    if (!document || document.name.startsWith(`${root}/${parent}/`)) continue;
    throw new DeployError(
      `Another application keeps documents in a collection ${group} (${document.name.slice(root.length + 1)}), and Ronde's TTL policy would delete those with expires_at; name a database of its own in FIRESTORE_DATABASE, or give --adopt.`,
    );
  }
}
