import { type DocumentSnapshot, type Firestore, Timestamp } from '@google-cloud/firestore';
import {
  type Activation,
  activationOf,
  applySettings,
} from '../../../../shared/domains/followups/activation.ts';
import { templateFaults } from '../../../../shared/domains/followups/mail/check.ts';
import { settleSettings } from '../../../../shared/domains/followups/pending.ts';
import { rulesKey } from '../../../../shared/domains/followups/schedule/schedule.ts';
import {
  NEW_HOURS,
  NEW_OPT_OUT,
  type Settings,
  toSettings,
} from '../../../../shared/domains/followups/settings.ts';
import { HttpError } from '../../../../shared/doors/http/errors.ts';
import type { BillingChange } from './billing-change.ts';
import { isSwitchOn } from './switch-on.ts';

/** A change of settings and its consequences. */
export interface Consequences {
  before: Settings;
  after: Settings;
  fields: Record<string, unknown>;
  /** The fields that say what a walk over the open follow-ups has yet to do; none if it has nothing to do. */
  pending: Record<string, unknown>;
}

/** Returns what a request changes, and what the open follow-ups need after it. Throws a 400 for unusable texts. */
export function toConsequences(snapshot: DocumentSnapshot, sent: BillingChange, now: Date): Consequences {
  const { updated_at: _version, confirm_held, levels, templates, ...plain } = sent;
  const before = toSettings(snapshot);
  const changed: Record<string, unknown> = {
    ...(snapshot.exists ? {} : { opt_out: NEW_OPT_OUT }),
    ...(snapshot.exists && !isSwitchOn(snapshot, sent) ? {} : newHours(snapshot)),
    ...plain,
    ...(levels ? { levels: { ...(snapshot.get('levels') as object | undefined), ...levels } } : {}),
    ...(templates
      ? { templates: withoutNulls({ ...(snapshot.get('templates') as object | undefined), ...templates }) }
      : {}),
    ...(confirm_held ? { held_due_before: null } : {}),
  };
  const bare = readChanged(snapshot, changed);
  if (levels || templates) requireTemplates(bare);
  const pending = pendingFields(before, bare, sent, now);
  const fields = { ...changed, ...pending };
  return { before, after: readChanged(snapshot, fields), fields, pending };
}

/** Returns the hours of a new organisation that the document lacks. */
const newHours = (snapshot: DocumentSnapshot) =>
  Object.fromEntries(Object.entries(NEW_HOURS).filter(([name]) => snapshot.get(name) === undefined));

/** Reads the settings as they will be with these fields. */
function readChanged(snapshot: DocumentSnapshot, fields: Record<string, unknown>): Settings {
  const get = (name: string) => (Object.hasOwn(fields, name) ? fields[name] : snapshot.get(name));
  return toSettings({ id: snapshot.id, exists: true, get } as unknown as DocumentSnapshot);
}

function requireTemplates(settings: Settings): void {
  const faults = templateFaults(settings);
  if (faults.length > 0) throw new HttpError(400, faults.join(' '));
}

/** Returns what the open follow-ups need after a change: other due times, a hold, its end, or a mended fault's end. */
function pendingFields(
  before: Settings,
  after: Settings,
  { confirm_held, levels, templates, locale, min_amount }: BillingChange,
  now: Date,
): Record<string, unknown> {
  const isSwitchedOn = after.enabled && !before.enabled;
  const hasNewRules = (['invoice', 'quote'] as const).some(
    (type) => rulesKey(before.rules, type) !== rulesKey(after.rules, type),
  );
  const { zone } = before.rules.hours;
  const hasNewZone = zone !== after.rules.hours.zone;
  const hasNewFields = levels || templates || locale || min_amount !== undefined;
  if (!(hasNewRules || isSwitchedOn || confirm_held || hasNewFields)) return {};
  return {
    rechecking: true,
    ...(hasNewRules ? { rescheduling: true } : {}),
    ...(isSwitchedOn && !confirm_held ? { holding_since: Timestamp.fromDate(now) } : {}),
    ...(confirm_held ? { releasing_held: true, holding_since: null } : {}),
    // Rows that an interrupted change did not reach are still in the zone before it.
    ...(hasNewZone ? { time_zone_before: before.zoneBefore ?? zone } : {}),
  };
}

/** A null in the request removes its template. */
const withoutNulls = (map: object) =>
  Object.fromEntries(Object.entries(map).filter(([, value]) => value !== null));

/** Brings the follow-ups in line, or shows what that would do. */
export async function carryOut(
  store: Firestore,
  { after, pending }: Consequences,
  now: Date,
  isDryRun: boolean,
): Promise<{ activation: Activation; rescheduled: number }> {
  if (Object.keys(pending).length === 0)
    return { activation: await activationOf(store, after, now), rescheduled: 0 };
  if (isDryRun) return await applySettings({ store, now, isDryRun }, after);
  return await settleSettings({ store, now }, after.orgId);
}
