// What the admin API answers about visits, as far as the page reads it.

export interface VisitSums {
  visits: number;
  open: number;
  inferred: number;
  duration_seconds: number;
  engaged_seconds: number;
}

export interface VisitStats {
  from: string;
  to: string;
  time_zone: string;
  total_visits: number;
  counted: number;
  complete: boolean;
  totals: VisitSums;
  days: ({ day: string } & VisitSums)[];
  pages: ({ path: string } & VisitSums)[];
  more_pages: number;
}
