import type { Firestore } from '@google-cloud/firestore';
import type { Clock } from '../../../doors/clock.ts';
import { normaliseAddress } from '../../../doors/mail/address.ts';
import { standingClaim } from '../../../doors/mail/claim-documents.ts';
import { resume } from '../../../doors/mail/claims.ts';
import { documentClaims } from '../../../doors/mail/document-claims.ts';
import { html, page } from '../../../doors/mail/html.ts';
import type { Post } from '../../../doors/mail/post.ts';
import type { Health } from '../health.ts';
import { type Integration, integrationsOf } from '../integration.ts';

export interface NoticeContext {
  store: Firestore;
  clock: Clock;
  now: Date;
  post: Post | undefined;
}

/**
 * Notifies the owner, once, that the mailbox refuses its login since an instant, and once that it works again. The claim
 * of the mail bears that instant: however many syncs fail, it is one mail. The next sync tries again one that failed.
 */
export async function notifyOwner(
  context: NoticeContext,
  integration: Integration,
  before: Health,
  after: Health,
): Promise<void> {
  const { post, store, clock, now } = context;
  const recovered = before.authFailedAt !== null && after.authFailedAt === null;
  const since = recovered ? before.authFailedAt : after.authFailedAt;
  const to = normaliseAddress(integration.notifyEmail ?? '');
  if (since === null || !post || to === null) return;
  const kind = recovered ? 'recovered' : 'auth_failed';
  const ref = integrationsOf(store).doc(integration.id).collection('notices').doc(`${kind}@${since}`);
  const snapshot = await ref.get();
  if (resume(snapshot.exists ? standingClaim(snapshot) : null, now) !== 'take') return;
  const claims = documentClaims({ store, clock }, [
    { ref, standing: snapshot, fields: { kind, recipient: to } },
  ]);
  const { subject, paragraphs } = WORDS[kind](integration, after.lastError ?? '');
  await post.sendOnce(
    {
      key: `inbox/${integration.id}/${kind}/${since}`,
      to: { address: to },
      locale: 'fr',
      subject,
      text: `${paragraphs.join('\n\n')}\n`,
      html: page(
        'fr',
        subject,
        html`${paragraphs.map((text) => html`<p>${text}</p>`)}`,
        html`${integration.label}`,
      ),
    },
    claims,
  );
}

/** In both languages, since a mailbox has no language of its own. */
const WORDS = {
  auth_failed: ({ user, host }: Integration, error: string) => ({
    subject: `${user} : identification refusée / sign-in refused`,
    paragraphs: [
      `Le serveur ${host} refuse l’identification de la boîte ${user}. Ses nouveaux messages ne sont plus relevés. Saisissez son mot de passe à nouveau dans la console ; rien n’est perdu, la relève reprendra où elle s’est arrêtée.`,
      `The server ${host} refuses the sign-in of the mailbox ${user}. Its new mail is no longer fetched. Enter its password again in the console; nothing is lost, synchronisation will go on where it stopped.`,
      `${host}: ${error}`,
    ],
  }),
  recovered: ({ user }: Integration, _error: string) => ({
    subject: `${user} : relève rétablie / synchronised again`,
    paragraphs: [`La boîte ${user} est de nouveau relevée.`, `The mailbox ${user} is synchronised again.`],
  }),
};
