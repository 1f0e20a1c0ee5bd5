import * as z from 'zod';
import { type ImportContext, type ImportKind, simpleKind } from '../../doors/import/kind.ts';
import { emailAddress, oneLine, pastInstant, rowId } from '../../doors/import/line.ts';
import { userRef } from './user.ts';

const BEFORE_LOGIN = 'must not be before login_at';

/**
 * Imports the users of an earlier system, by the `sub` of their future tokens. A user who has signed in already keeps all
 * fields, and gets those that are missing.
 */
export function userImport({ store, now }: ImportContext): ImportKind {
  const instant = pastInstant(now).nullish();
  const line = z.strictObject({
    id: rowId,
    email: emailAddress.nullish(),
    display_name: oneLine(200).nullish(),
    role: z.enum(['admin', 'user'], 'must be admin or user').default('user'),
    is_online: z.boolean('must be true or false').default(false),
    last_activity_at: instant,
    logged_out_at: instant,
  });
  return simpleKind(line, ({ id, email, display_name, ...rest }) => ({
    ref: userRef(store, id),
    fields: {
      ...(email ? { email } : {}),
      ...(display_name ? { display_name } : {}),
      ...rest,
      last_activity_at: rest.last_activity_at ?? null,
      logged_out_at: rest.logged_out_at ?? null,
    },
    fills: true,
  }));
}

/** Imports the logins of an earlier system. */
export function loginImport({ store, now }: ImportContext): ImportKind {
  const instant = pastInstant(now);
  const line = z
    .strictObject({ id: rowId, user_id: rowId, login_at: instant, logout_at: instant.nullish() })
    .refine(({ login_at, logout_at }) => !logout_at || logout_at.valueOf() >= login_at.valueOf(), {
      path: ['logout_at'],
      message: BEFORE_LOGIN,
    });
  return simpleKind(line, ({ id, user_id, login_at, logout_at }) => ({
    ref: store.collection('login_history').doc(id),
    fields: { user_id, login_at, logout_at: logout_at ?? null },
  }));
}
