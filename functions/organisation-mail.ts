import type { Firestore, QuerySnapshot } from '@google-cloud/firestore';
import { type MailAccount, readAccount } from '../shared/domains/mail-accounts/account.ts';
import { notifyOfAccount } from '../shared/domains/mail-accounts/notice.ts';
import { openAccount, storedIn } from '../shared/domains/mail-accounts/open-account.ts';
import {
  type AccountState,
  afterRun,
  readState,
  storeState,
  waitingFor,
} from '../shared/domains/mail-accounts/state.ts';
import type { CredentialContext } from '../shared/doors/account/credentials.ts';
import { DEFAULT_ACCOUNT, mailAccounts } from '../shared/doors/mail/accounts.ts';
import type { Locale } from '../shared/doors/mail/message.ts';
import type { Post } from '../shared/doors/mail/post.ts';

/** The part of an organisation's settings that chooses its account, and whom to notify of its faults. */
export interface MailChooser {
  orgId: string;
  mailAccount: string | null;
  notifyEmail: string | null;
  locale: Locale;
}

/** The account that sends an organisation's mail in this run. */
export interface OrganisationPost {
  /** The account's id; `default` for EMAIL_*. */
  id: string;
  post: Post;
  /** The cause for which nothing is sent now, or null. */
  waiting: 'daily_limit' | 'account_waits' | 'account_missing' | null;
}

interface Opened extends OrganisationPost {
  account: MailAccount | null;
  state: AccountState;
  chooser: MailChooser;
}

interface MailContext {
  store: Firestore;
  now: Date;
  config: CredentialContext['config'];
  random: () => number;
  /** The default account. */
  post: Post;
}

/**
 * The mail accounts of one run or request. Each account has its own connections, pace and faults, so that one that fails
 * costs the others nothing.
 */
export class OrganisationMail {
  readonly #context: MailContext;
  readonly #accounts: ReadonlyMap<string, MailAccount>;
  readonly #default: AccountState;
  readonly #opened = new Map<string, Promise<Opened>>();

  private constructor(context: MailContext, found: QuerySnapshot, standing: AccountState) {
    this.#context = context;
    this.#default = standing;
    this.#accounts = new Map([...found.docs].sort(byAge).flatMap((doc) => entryOf(doc)));
  }

  /** Reads the accounts of all organisations, or of one. */
  static async open(context: MailContext, orgId?: string): Promise<OrganisationMail> {
    const all = mailAccounts(context.store);
    const [found, own] = await Promise.all([
      (orgId === undefined ? all : all.where('org_id', '==', orgId)).get(),
      all.doc(DEFAULT_ACCOUNT).get(),
    ]);
    return new OrganisationMail(context, found, readState(own));
  }

  /**
   * Returns the account of an organisation: the one that its settings name, else its own (the oldest of several), else the
   * default account. It never sends by the account of another organisation.
   */
  async of(chooser: MailChooser): Promise<OrganisationPost> {
    const { orgId, mailAccount } = chooser;
    const own = [...this.#accounts.values()].filter((account) => account.orgId === orgId);
    if (mailAccount === null || mailAccount === DEFAULT_ACCOUNT)
      return await this.#open(mailAccount === null ? (own[0] ?? null) : null, chooser);
    const named = own.find(({ id }) => id === mailAccount);
    if (named) return await this.#open(named, chooser);
    return { id: mailAccount, post: this.#context.post, waiting: 'account_missing' };
  }

  #open(account: MailAccount | null, chooser: MailChooser): Promise<Opened> {
    const id = account?.id ?? DEFAULT_ACCOUNT;
    const opened = this.#opened.get(id) ?? this.#connect(account, chooser);
    this.#opened.set(id, opened);
    return opened;
  }

  async #connect(account: MailAccount | null, chooser: MailChooser): Promise<Opened> {
    const { store, now, config, post } = this.#context;
    const state = account?.state ?? this.#default;
    const waiting = waitingFor(state, now);
    const more = { account, state, waiting, chooser };
    if (!account) return { id: DEFAULT_ACCOUNT, post, ...more };
    const opening = { now, config, base: post.config, ...storedIn(store) };
    return { id: account.id, post: post.byAccount(await openAccount(account, opening)), ...more };
  }

  /** Stores how the accounts did in this run, and notifies the owner of one that cannot send. */
  async finish(): Promise<void> {
    const { store, now, random, post } = this.#context;
    for (const { id, account, post: used, state, waiting, chooser } of await Promise.all(
      this.#opened.values(),
    )) {
      const next = waiting === null ? afterRun(state, used, now, random()) : null;
      const isHold = used.fault?.fault?.kind === 'daily_limit';
      // A run of the default account that fails is reported by watch-runs, and Cloud Scheduler tries again.
      if (!next || (!account && !isHold && !state.heldUntil)) continue;
      await storeState(store, id, account ? next : { ...next, health: state.health }, !account);
      const stopped = used.fault;
      if (!account || !stopped || stopped.fault?.whose !== 'account' || !chooser.notifyEmail) continue;
      const owner = { email: chooser.notifyEmail, locale: chooser.locale };
      const since = next.failingSince ?? now.getTime();
      await notifyOfAccount({ store, post, now }, { account, stopped, since, owner });
    }
  }
}

/** Returns the account that sends an organisation's mail. Returns null if no mail server is configured. */
export async function senderFor(
  context: Omit<MailContext, 'post'> & { post: Post | undefined },
  chooser: MailChooser,
): Promise<OrganisationPost | null> {
  const { post } = context;
  if (!post) return null;
  return await (await OrganisationMail.open({ ...context, post }, chooser.orgId)).of(chooser);
}

type Found = QuerySnapshot['docs'][number];

const byAge = (one: Found, other: Found) => one.createTime.toMillis() - other.createTime.toMillis();

/** Returns an account by its id. A document that is no account counts as missing. */
function entryOf(document: Found): [string, MailAccount][] {
  try {
    return document.get('org_id') === null ? [] : [[document.id, readAccount(document)]];
  } catch {
    return [];
  }
}
