import { type DocumentSnapshot, Timestamp } from '@google-cloud/firestore';
import type * as z from 'zod';
import type { ImportContext, ImportKind, Row } from '../../doors/import/kind.ts';
import { isConflict } from '../../doors/store/firestore.ts';
import { settingsRef } from './followup.ts';
import { PatchFault } from './patch.ts';
import { addHistory, type Decider } from './record.ts';
import { newFollowup } from './schema/followup.ts';
import { type Settings, SettingsFault, toSettings } from './settings.ts';
import { buildFollowup } from './upsert.ts';

const TRIES = 5;

/** One follow-up of the previous system: the body of POST /api/followups, with the levels already sent. */
const line = newFollowup.superRefine(({ level, last_sent_at, status = 'open' }, context) => {
  if (status === 'open' && (level ?? 0) > 0 && !last_sent_at)
    context.addIssue({
      code: 'custom',
      path: ['last_sent_at'],
      message: 'must be given where level is above 0: the next mail keeps its distance from it',
    });
});
type Line = z.output<typeof line>;

/**
 * Imports the follow-ups of the previous system. The import itself sends no mail:
 * - If an organisation's automatic follow-ups are off, they stay off. Switching them on holds the old follow-ups.
 * - If they are on, the import holds everything due by now, imported or not, until a person confirms it.
 */
export function followupImport(context: ImportContext, decider: Decider): ImportKind {
  const { store, now } = context;
  const settings = new Map<string, Settings | string>();
  const dueIn = new Map<string, number>();
  async function read(orgIds: readonly string[]): Promise<void> {
    const asked = [...new Set(orgIds)].filter((id) => !settings.has(id));
    if (asked.length === 0) return;
    for (const snapshot of await store.getAll(...asked.map((id) => settingsRef(store, id))))
      settings.set(snapshot.id, readSettingsOrFault(snapshot));
  }
  /** Counts the new follow-ups that are due now, by organisation whose automatic follow-ups are on. */
  async function countDue(rows: readonly Row[]): Promise<void> {
    const due = rows.filter(({ fields }) => {
      const of = settings.get(String(fields['org_id']));
      const at = fields['next_due_at'];
      return (
        typeof of === 'object' && of.enabled && at instanceof Timestamp && at.toMillis() <= now.getTime()
      );
    });
    if (due.length === 0) return;
    const found = await store.getAll(...due.map(({ ref }) => ref), { fieldMask: [] });
    for (const [index, { fields }] of due.entries()) {
      const orgId = String(fields['org_id']);
      if (!found[index]?.exists) dueIn.set(orgId, (dueIn.get(orgId) ?? 0) + 1);
    }
  }
  const kind: ImportKind<Line> = {
    line,
    names: Object.keys(newFollowup.shape),
    async rows(lines) {
      await read(lines.map(({ org_id }) => org_id));
      const rows = lines.map((given) => rowOf(given, settings.get(given.org_id) ?? ''));
      await countDue(rows.filter((row) => typeof row !== 'string'));
      return rows;
    },
    async before(dryRun) {
      const notes: string[] = [];
      for (const [orgId, count] of dueIn) {
        if (!dryRun) await hold(orgId);
        const verb = dryRun ? 'would be held' : 'is held';
        notes.push(
          `${orgId}: its automatic follow-ups are on and ${count} of these are due. All that was due before ${now.toISOString()} ${verb} until PUT /v1/admin/billing-settings/${orgId} {"confirm_held":true}`,
        );
      }
      dueIn.clear();
      return notes;
    },
  };
  return kind;

  function rowOf(given: Line, of: Settings | string): Row | string {
    if (typeof of === 'string') return `org_id ${JSON.stringify(given.org_id)}: billing settings: ${of}`;
    const built = tryBuild(given, of);
    if (typeof built === 'string') return built;
    const { ref, fields, followup } = built;
    // The fixed id makes a repeated import write the same line of history again.
    const entry = { id: 'imported', reason: 'created', level: followup.level, detail: 'imported' } as const;
    return { ref, fields, also: (batch) => addHistory(batch, followup, { now, decider }, entry) };
  }

  /** Builds the follow-up of a line, or says why its fields do not agree. */
  function tryBuild(given: Line, settings: Settings) {
    try {
      return buildFollowup(store, given, settings);
    } catch (error) {
      if (error instanceof PatchFault) return error.message;
      throw error;
    }
  }

  /** Holds an organisation's follow-ups due by now: runs skip those before this bound, which only moves forward. */
  async function hold(orgId: string): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const snapshot = await settingsRef(store, orgId).get();
      const before = toSettings(snapshot).heldDueBefore ?? 0;
      if (!snapshot.updateTime || before > now.getTime()) return;
      // One millisecond more, because runs include the bound itself.
      const held_due_before = Timestamp.fromMillis(now.getTime() + 1);
      try {
        await snapshot.ref.update({ held_due_before }, { lastUpdateTime: snapshot.updateTime });
        return;
      } catch (error) {
        if (!isConflict(error) || attempt === TRIES) throw error;
      }
    }
  }
}

function readSettingsOrFault(snapshot: DocumentSnapshot): Settings | string {
  try {
    return toSettings(snapshot);
  } catch (error) {
    if (error instanceof SettingsFault) return error.message;
    throw error;
  }
}
