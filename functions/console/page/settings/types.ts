// What the admin API answers about settings, as far as the page reads it.

export interface Settings {
  presence: { online_threshold_minutes: number; updated_at: string | null };
  alerts: {
    threshold_days: number;
    repeat_hours: number;
    stages: Record<string, { threshold_days: number }>;
    updated_at: string | null;
  };
  /** Absent where there is no watchman. */
  watch?: { operators: string[]; locale: string; updated_at: string | null };
  updated_at: string | null;
}
