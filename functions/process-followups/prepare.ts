import { readSettingsOrNull } from '../../shared/domains/followups/find.ts';
import { type Followup, settingsRef } from '../../shared/domains/followups/followup.ts';
import { isPending, settleSettings } from '../../shared/domains/followups/pending.ts';
import { adoptRows } from '../../shared/domains/followups/schedule/adopt.ts';
import {
  openFollowups,
  type Walk,
  type Walked,
  walkFollowups,
} from '../../shared/domains/followups/schedule/walk.ts';
import type { Settings } from '../../shared/domains/followups/settings.ts';
import { type ConditionalUpdate, updateUnchanged } from '../../shared/doors/store/update-unchanged.ts';
import type { RunContext } from '../../shared/runtime/task.ts';

const BATCH = 500;
/** The share of a run's budget that the walk over rows of other back ends may use. */
const WALK_SHARE = 0.25;

/** The result of preparing a run, before it looks for due follow-ups. */
export interface PreparedRun {
  /** In a dry run, the follow-ups as a real run would have changed them. */
  planned: ReadonlyMap<string, Followup>;
  /** Writes what is not urgent, after the mails: a write withholds a mail that is claimed. A changed row is left. */
  finish(): Promise<void>;
}

/**
 * Brings follow-ups in line before a run looks for what is due: it finishes changes of settings, and visits rows of other
 * back ends. A dry run writes nothing.
 */
export async function prepareFollowups(
  { store, now, dryRun: isDryRun, leftMs }: RunContext,
  usable: readonly Settings[],
): Promise<PreparedRun> {
  const planned = new Map<string, Followup>();
  const deferred: ConditionalUpdate[] = [];
  const note = ({ followup, plan }: Walked) => {
    if (isDryRun && plan) planned.set(followup.id, followup);
  };
  const walk: Walk = { store, now, isDryRun, settingsOf: readSettingsOnce(store, usable) };
  for (const settings of usable.filter(isPending)) {
    if (isDryRun)
      for await (const one of walkFollowups(walk, openFollowups(store, settings.orgId))) note(one);
    else await settleSettings({ store, now }, settings.orgId);
  }
  const defer = (update: ConditionalUpdate) => deferred.push(update);
  for await (const one of adoptRows({ ...walk, defer }, leftMs() * WALK_SHARE)) note(one);
  return {
    planned,
    async finish() {
      for (let begin = 0; !isDryRun && begin < deferred.length; begin += BATCH)
        await updateUnchanged(store, deferred.slice(begin, begin + BATCH));
    },
  };
}

/** Reads the settings of other organisations once each; unusable ones are null. */
function readSettingsOnce(store: RunContext['store'], usable: readonly Settings[]) {
  const byId = new Map<string, Promise<Settings | null>>(
    usable.map((settings) => [settings.orgId, Promise.resolve(settings)]),
  );
  return (orgId: string) => {
    const known = byId.get(orgId) ?? readSettingsOrNull(settingsRef(store, orgId || '-'));
    byId.set(orgId, known);
    return known;
  };
}
