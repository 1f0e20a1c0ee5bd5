import { Timestamp } from '@google-cloud/firestore';
import type * as z from 'zod';
import type { ImportContext, ImportKind, Row } from '../../doors/import/kind.ts';
import { isConflict } from '../../doors/store/firestore.ts';
import { settingsRef } from './followup.ts';
import { addHistory, type Decider } from './record.ts';
import { type Settings, SettingsFault, toSettings } from './settings.ts';
import { freshFollowup, newFollowup } from './upsert.ts';

const TRIES = 5;

/** A follow-up of the system before: what POST /api/followups takes, with the levels that were sent. */
const line = newFollowup.superRefine(({ level, last_sent_at, status = 'open' }, context) => {
  if (status === 'open' && (level ?? 0) > 0 && !last_sent_at)
    context.addIssue({
      code: 'custom',
      path: ['last_sent_at'],
      message: 'must be given where level is above 0: the next one keeps its distance from it',
    });
});
type Line = z.output<typeof line>;

/**
 * Follow-ups of the system before. Nothing is mailed by it: an organisation whose automatic follow-ups are off stays off,
 * and switching them on tells what would go out and holds what is old. Where they are on already, what the import brings
 * in and is due by now is held in the same way, until somebody confirms it; and with it all that is due by now.
 */
export function followupImport(context: ImportContext, decider: Decider): ImportKind {
  const { store, now } = context;
  const settings = new Map<string, Settings | string>();
  const dueIn = new Map<string, number>();
  async function read(orgIds: readonly string[]): Promise<void> {
    const asked = [...new Set(orgIds)].filter((id) => !settings.has(id));
    if (asked.length === 0) return;
    for (const snapshot of await store.getAll(...asked.map((id) => settingsRef(store, id))))
      settings.set(
        snapshot.id,
        readable(() => toSettings(snapshot)),
      );
  }
  /** Of those that are due now in organisations that are on: how many are not there yet. */
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
      const told: string[] = [];
      for (const [orgId, count] of dueIn) {
        if (!dryRun) await hold(orgId);
        const verb = dryRun ? 'would be held' : 'is held';
        told.push(
          `${orgId}: its automatic follow-ups are on and ${count} of these are due. All that was due before ${now.toISOString()} ${verb} until PUT /v1/admin/billing-settings/${orgId} {"confirm_held":true}`,
        );
      }
      dueIn.clear();
      return told;
    },
  };
  return kind;

  function rowOf(given: Line, of: Settings | string): Row | string {
    if (typeof of === 'string') return `org_id ${JSON.stringify(given.org_id)}: billing settings: ${of}`;
    const { ref, fields, followup } = freshFollowup(store, given, of);
    const entry = { reason: 'created', level: followup.level, detail: 'imported' } as const;
    return { ref, fields, also: (batch) => addHistory(batch, followup, { now, decider }, entry, 'imported') };
  }

  /** The bound of the query that finds what is due: what lies before it is not found. It is only ever moved forward. */
  async function hold(orgId: string): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const snapshot = await settingsRef(store, orgId).get();
      const before = toSettings(snapshot).heldDueBefore ?? 0;
      if (!snapshot.updateTime || before > now.getTime()) return;
      // A millisecond more: what is due at this very instant is found by `<=`.
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

function readable(read: () => Settings): Settings | string {
  try {
    return read();
  } catch (error) {
    if (error instanceof SettingsFault) return error.message;
    throw error;
  }
}
