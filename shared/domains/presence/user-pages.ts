import { FieldPath, type Firestore, type QueryDocumentSnapshot } from '@google-cloud/firestore';
import { stopwatch } from '../../doors/clock.ts';
import { users } from './user.ts';

/** The largest page, one MGET's worth of users. Only a program that walks through all users asks for so many. */
export const MAX_PAGE = 1_000;
/** A walk is read ahead by so many pages: a query costs more than its documents do. */
const PAGES_AHEAD = 2;
/** A walk that is not taken up within this is forgotten, so no document is judged more than a second or two late. */
const TAKEN_UP_WITHIN_MS = 500;

export interface UserPage {
  docs: QueryDocumentSnapshot[];
  /** Whether users follow. */
  more: boolean;
}

interface UserDeps {
  store: Firestore;
}

/** One walk per process waits at most, so memory is bounded whoever abandons one. */
const waiting = new WeakMap<Firestore, { walk: Walk; age: () => number }>();

/**
 * A page of users by id, after an id. Where the caller `walks` through all users, those that follow a largest page are
 * read while it is judged and sent: a whole walk then takes little more than one stream. Whoever breaks off costs the
 * reads of two pages at most.
 */
export async function usersAfter(
  deps: UserDeps,
  after: string | null,
  limit: number,
  walks: boolean,
): Promise<UserPage> {
  const walk = taken(deps.store, after) ?? new Walk(after);
  const page = await walk.page(deps, limit);
  if (walks && limit === MAX_PAGE && page.more) {
    walk.readAhead(deps);
    waiting.set(deps.store, { walk, age: stopwatch() });
  }
  return page;
}

function taken(store: Firestore, after: string | null): Walk | undefined {
  const found = waiting.get(store);
  if (after === null || found?.walk.after !== after) return undefined;
  waiting.delete(store);
  return found.age() < TAKEN_UP_WITHIN_MS ? found.walk : undefined;
}

/** Users in order of their id, from one id on: what has been read and not yet given away. */
class Walk {
  /** The last user given away. */
  after: string | null;
  #docs: QueryDocumentSnapshot[] = [];
  #complete = false;
  #coming: Promise<void> | null = null;
  #pages = 0;

  constructor(after: string | null) {
    this.after = after;
  }

  async page(deps: UserDeps, limit: number): Promise<UserPage> {
    // One more than asked for tells whether any follow.
    while (!this.#complete && this.#docs.length <= limit)
      await (this.#coming ?? this.#read(deps, limit + 1 - this.#docs.length));
    const docs = this.#docs.splice(0, limit);
    this.after = docs.at(-1)?.id ?? this.after;
    this.#pages += 1;
    return { docs, more: this.#docs.length > 0 };
  }

  readAhead(deps: UserDeps): void {
    const ahead = Math.min(this.#pages, PAGES_AHEAD) * MAX_PAGE;
    if (this.#complete || this.#coming || this.#docs.length > ahead) return;
    // Whoever takes the page sees the error; one that nobody takes shall not end the process.
    this.#read(deps, ahead).catch(() => undefined);
  }

  #read({ store }: UserDeps, limit: number): Promise<void> {
    const after = this.#docs.at(-1)?.id ?? this.after;
    const all = users(store)
      .orderBy(FieldPath.documentId())
      .select('is_online', 'logged_out_at', 'last_activity_at', 'session_activity_at')
      .limit(limit);
    this.#coming = (after === null ? all : all.startAfter(after)).get().then(({ docs }) => {
      this.#docs.push(...docs);
      this.#complete = docs.length < limit;
      this.#coming = null;
    });
    return this.#coming;
  }
}
