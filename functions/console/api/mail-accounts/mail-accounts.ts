import * as z from 'zod';
import { type MailAccount, readAccount } from '../../../../shared/domains/mail-accounts/account.ts';
import {
  mailAccountChange,
  type NewMailAccount,
  newMailAccount,
} from '../../../../shared/domains/mail-accounts/input.ts';
import {
  AccountFault,
  changeAccount,
  createAccount,
  deleteAccount,
  draftAccount,
  shownAccount,
} from '../../../../shared/domains/mail-accounts/manage.ts';
import {
  type KeepCredentials,
  openAccount,
  storedIn,
} from '../../../../shared/domains/mail-accounts/open-account.ts';
import { SOUND } from '../../../../shared/domains/mail-accounts/state.ts';
import { type MailAccountReport, tryAccount } from '../../../../shared/domains/mail-accounts/try-account.ts';
import type { MailAccountView } from '../../../../shared/domains/mail-accounts/views.ts';
import { HttpError } from '../../../../shared/doors/http/errors.ts';
import { limitParam, pageParam, toPage } from '../../../../shared/doors/http/query.ts';
import { Answer } from '../../../../shared/doors/http/router.ts';
import { requireVersion, versionHeader } from '../../../../shared/doors/http/version.ts';
import { DEFAULT_ACCOUNT, mailAccounts } from '../../../../shared/doors/mail/accounts.ts';
import { listPageById } from '../../../../shared/doors/store/list-page.ts';
import type { Page } from '../paging.ts';
import { type AdminContext, adminRoute } from '../route.ts';
import { shownDefault } from './default-account.ts';

const ROOT = '/v1/admin/mail-accounts';
const none = z.strictObject({});
const id = (path: Readonly<Record<string, string>>) => path['id'] ?? '';
const truth = z.enum(['true', 'false'], 'must be true or false').transform((text) => text === 'true');

/** The routes of mail accounts. Credentials go in and never come out. `default` is the account of EMAIL_*. */
export const mailAccountRoutes = [
  adminRoute({
    method: 'GET',
    path: ROOT,
    query: z.strictObject({ limit: limitParam(), page: pageParam }),
    async handle({ context, query: { limit, page } }): Promise<Page<MailAccountView>> {
      const { docs, next } = await listPageById(mailAccounts(context.store), limit, page);
      const stored = docs.filter((doc) => doc.id !== DEFAULT_ACCOUNT).map(shownAccount);
      const own = page === null ? await shownDefault(context) : null;
      return { items: [...(own ? [own] : []), ...stored], next_page: toPage(next) };
    },
  }),
  adminRoute({
    method: 'POST',
    path: ROOT,
    query: z.strictObject({ dry_run: truth.default(false) }),
    body: newMailAccount,
    async handle({ context, body, query: { dry_run } }) {
      if (dry_run) return await rehearse(context, body);
      const made = await createAccount(manage(context), body, checkIn(context)).catch(refuseFault);
      if (!('twin' in made)) return await shown(context, made.id, 201, { test: made.found });
      throw new HttpError(409, 'This mail account is there already; change it instead.', {
        details: { id: made.twin },
      });
    },
  }),
  adminRoute({
    method: 'GET',
    path: `${ROOT}/{id}`,
    query: none,
    handle: ({ context, path }) => shown(context, id(path)),
  }),
  adminRoute({
    method: 'PATCH',
    path: `${ROOT}/{id}`,
    query: none,
    body: mailAccountChange,
    async handle({ context, path, body, request }) {
      refuseDefault(id(path));
      const changed = await changeAccount(manage(context), id(path), body, {
        requireVersion: (current) => requireVersion(request, body.updated_at, current),
        check: checkIn(context),
      }).catch(refuseFault);
      if (!changed) throw noSuchAccount(id(path));
      return await shown(context, id(path), 200, changed.found ? { test: changed.found } : {});
    },
  }),
  adminRoute({
    method: 'DELETE',
    path: `${ROOT}/{id}`,
    query: none,
    async handle({ context, path }) {
      refuseDefault(id(path));
      await requireUnused(context, id(path));
      if (!(await deleteAccount(context, id(path)))) throw noSuchAccount(id(path));
      return null;
    },
  }),
  adminRoute({
    method: 'POST',
    path: `${ROOT}/{id}/test`,
    query: none,
    body: none,
    handle: ({ context, path }) => testAccount(context, id(path)),
  }),
];

const noSuchAccount = (name: string) =>
  new HttpError(404, `There is no mail account ${JSON.stringify(name)}; GET ${ROOT} lists them.`);

function refuseDefault(name: string): void {
  if (name === DEFAULT_ACCOUNT)
    throw new HttpError(409, 'This account comes from EMAIL_*; change the environment and deploy.');
}

/** Refuses to delete an account that billing settings name: their reminders would wait for it. */
async function requireUnused({ store }: AdminContext, name: string): Promise<void> {
  const named = store.collection('billing_settings').where('mail_account', '==', name).limit(1);
  const [settings] = (await named.select().get()).docs;
  if (settings)
    throw new HttpError(
      409,
      `The billing settings of ${settings.id} name this account; set their mail_account to null first.`,
    );
}

const manage = (context: AdminContext) => {
  const keys = context.config.sealingKeys;
  if (keys.length === 0)
    throw new HttpError(503, 'INBOX_SEALING_KEY is not set, and no credentials are kept without it; set it.');
  return { ...context, keys };
};

function refuseFault(error: unknown): never {
  if (error instanceof AccountFault) throw new HttpError(400, error.message);
  throw error;
}

/** Signs in as an account. Throws a 503 without EMAIL_*, which gives the keys and the sender of all mail. */
async function tryIn(context: AdminContext, account: MailAccount, keep: KeepCredentials) {
  const { post, now, config } = context;
  if (!post) throw new HttpError(503, 'EMAIL_HOST is not set; set EMAIL_* for the default account first.');
  return await tryAccount(await openAccount(account, { now, config, base: post.config, keep }));
}

/** Tries an account that is about to be written. One that must never be called, or would send in the clear, is refused. */
const checkIn = (context: AdminContext) => async (account: MailAccount, keep: KeepCredentials) => {
  if (account.security === 'none' && !context.config.local)
    throw new HttpError(400, 'security: none sends the credentials in the clear; give tls or starttls.');
  const report = await tryIn(context, account, keep);
  // A server that is down today is kept and tried again.
  if (report.error?.kind === 'host_forbidden') throw new HttpError(400, report.error.detail);
  return report;
};

/** Tries an account and stores nothing. */
async function rehearse(context: AdminContext, given: NewMailAccount) {
  try {
    const { account } = draftAccount('rehearsed', given, manage(context).keys, context.now);
    return { dry_run: true as const, test: await checkIn(context)(account, async () => undefined) };
  } catch (error) {
    return refuseFault(error);
  }
}

/** Tries a stored account. One that works is no longer left out. */
async function testAccount(context: AdminContext, name: string): Promise<MailAccountReport> {
  const { store, post } = context;
  if (name === DEFAULT_ACCOUNT) {
    if (!post) throw new HttpError(503, 'EMAIL_HOST is not set; set EMAIL_*.');
    return await tryAccount(post.config);
  }
  const account = await findAccount(context, name);
  const report = await tryIn(context, account, storedIn(store).keep);
  const { held_until: _hold, ...sound } = SOUND;
  if (report.ok && account.state.health.failures > 0) await mailAccounts(store).doc(name).update(sound);
  return report;
}

async function findDocument({ store }: AdminContext, name: string) {
  const snapshot = await mailAccounts(store).doc(name).get();
  if (!snapshot.exists) throw noSuchAccount(name);
  return snapshot;
}

async function findAccount(context: AdminContext, name: string): Promise<MailAccount> {
  const snapshot = await findDocument(context, name);
  try {
    return readAccount(snapshot);
  } catch (error) {
    throw new HttpError(409, (error as Error).message);
  }
}

async function shown(context: AdminContext, name: string, status = 200, more: object = {}): Promise<Answer> {
  const own = name === DEFAULT_ACCOUNT ? await shownDefault(context) : null;
  const view = own ?? shownAccount(await findDocument(context, name));
  return new Answer(status, { ...view, ...more }, versionHeader(view.updated_at));
}
