/** The kinds of things that the search finds. */
export type FoundKind = 'followups' | 'tickets' | 'mails' | 'people' | 'runs';

/** One thing that was found; the id of a mail is that of its conversation. */
export interface Found {
  id: string;
  name: string;
  /** Further names that one knows it by. */
  more: string;
}

/** All that was found, by kind; `more` is true if the list was cut. */
export type SearchAnswer = Record<FoundKind, { items: Found[]; more: boolean }>;

/** A user or a customer: all that is known by one address. */
export interface PersonView {
  id: string;
  address: string | null;
  user: {
    id: string;
    email: string | null;
    display_name: string | null;
    role: string | null;
    last_activity_at: string | null;
    logged_out_at: string | null;
  } | null;
  followups: Found[];
  mails: Found[];
}
