import { type DocumentSnapshot, type Firestore, Timestamp } from '@google-cloud/firestore';
import { type Followup, toFollowup } from '../../shared/domains/followups/followup.ts';
import { type Settings, toSettings } from '../../shared/domains/followups/settings.ts';
import { clear } from './documents.ts';

/** Returns a document in the form that Firestore returns, for tests of pure rules. */
const snapshot = (id: string, fields: Record<string, unknown>) =>
  ({ id, exists: true, get: (name: string) => fields[name] }) as unknown as DocumentSnapshot;

export const stamp = (instant: number | string | Date): Timestamp =>
  Timestamp.fromMillis(new Date(instant).getTime());

/** Billing settings with follow-ups on and nothing that delays a mail. */
export const settingsFields = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
  auto_followups_enabled: true,
  time_zone: 'Europe/Paris',
  business_days_only: false,
  min_gap_days: 5,
  from: 'Atelier Martin <factures@ronde.test>',
  locale: 'fr',
  ...more,
});

export const settings = (more: Record<string, unknown> = {}, id = 'org-1'): Settings =>
  toSettings(snapshot(id, settingsFields(more)));

/**
 * Returns an open invoice from another back end, due on 1 February 2026, with its first reminder due on 8 February.
 */
export const followupFields = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
  org_id: 'org-1',
  type: 'invoice',
  source_id: 'inv-1',
  source_label: 'F-2026-001',
  customer: { name: 'Ada Lovelace', email: 'ada@example.test', locale: 'fr' },
  amount_due: 1250.5,
  currency: 'EUR',
  due_date: stamp('2026-02-01T09:00:00Z'),
  status: 'open',
  auto_enabled: true,
  paused_until: null,
  level: 0,
  next_due_at: stamp('2026-02-08T09:00:00Z'),
  last_sent_at: null,
  stop_reason: null,
  ...more,
});

export const followup = (more: Record<string, unknown> = {}, id = 'f-1'): Followup =>
  toFollowup(snapshot(id, followupFields(more)));

/** Deletes every follow-up with its subcollections, every setting and every run. */
export async function clearFollowups(store: Firestore): Promise<void> {
  for (const name of ['sends', 'history', 'notices']) {
    const { docs } = await store.collectionGroup(name).select().get();
    const batch = store.batch();
    for (const { ref } of docs) batch.delete(ref);
    await batch.commit();
  }
  for (const name of [
    'followups',
    'followup_state',
    'billing_settings',
    'billing_customers',
    'mail_accounts',
    'task_runs',
  ])
    await clear(store, name);
}
