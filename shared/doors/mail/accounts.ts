import type { Firestore } from '@google-cloud/firestore';

/** The id of the account of EMAIL_*. Its document holds no settings, only its health, its hold and its token. */
export const DEFAULT_ACCOUNT = 'default';

export const mailAccounts = (store: Firestore) => store.collection('mail_accounts');
