// What the admin API answers about presence, as far as the page reads it.

export interface UserStatus {
  id: string;
  status: string;
  source: string;
  as_of: string | null;
  display_name: string | null;
  email: string | null;
}

export interface UserPage {
  threshold_minutes: number;
  degraded: boolean;
  items: UserStatus[];
  next_page: string | null;
}

interface Found {
  count: number;
  user_ids: string[];
}

export interface StoreHealth {
  ok: boolean;
  ms: number;
  error: string | null;
}

/** The state of presence; what Redis alone knows is null where it does not answer. */
export interface PresenceReport {
  threshold_minutes: number;
  degraded: boolean;
  stores: { firestore: StoreHealth; redis: StoreHealth };
  users: number;
  flagged_online: number;
  live_keys: number | null;
  ghosts: { flagged_without_life: Found | null; alive_without_flag: Found | null };
  stale: (Found & { minutes: number }) | null;
}

/** What users were before they were put offline; the page keeps it as it came. */
export interface Backup {
  version: number;
  taken_at: string;
  users: unknown[];
}

export interface CleanupReport {
  started_at: string;
  checked_count: number;
  cleaned_count: number;
  would_clean_count?: number;
  alive_count: number;
  user_ids: string[];
  backup: Backup;
}

export interface RestoreReport {
  counts: { restored: number; unchanged: number; changed_since: number; gone: number; failed: number };
}
