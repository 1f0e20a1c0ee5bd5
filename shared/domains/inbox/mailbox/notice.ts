import type { Firestore } from '@google-cloud/firestore';
import type { Clock } from '../../../doors/clock.ts';
import { normaliseAddress } from '../../../doors/mail/address.ts';
import { standingClaim } from '../../../doors/mail/claim-documents.ts';
import { resume } from '../../../doors/mail/claims.ts';
import { documentClaims } from '../../../doors/mail/document-claims.ts';
import { html, page } from '../../../doors/mail/html.ts';
import type { Post } from '../../../doors/mail/post.ts';
import { type Integration, integrationsOf } from '../integration.ts';
import type { MailboxHealth } from '../mailbox-health.ts';

export interface NoticeContext {
  store: Firestore;
  clock: Clock;
  now: Date;
  post: Post | undefined;
}

/** Returns what the owner is to know, and since when. Returns null if there is nothing. */
function matterOf(
  before: MailboxHealth,
  after: MailboxHealth,
): { kind: keyof typeof WORDS; since: number } | null {
  const recovered = before.authFailedAt !== null && after.authFailedAt === null;
  if (recovered) return { kind: 'recovered', since: before.authFailedAt ?? 0 };
  if (after.authFailedAt !== null) return { kind: 'auth_failed', since: after.authFailedAt };
  return after.foldersAbsentAt === null ? null : { kind: 'folders_absent', since: after.foldersAbsentAt };
}

/**
 * Notifies the owner, once, that the mailbox refuses its login since an instant, once that it works again, and once that
 * folders are absent. The claim of the mail bears that instant: however many syncs fail, it is one mail. The next sync
 * tries again one that failed.
 */
export async function notifyOwner(
  context: NoticeContext,
  integration: Integration,
  before: MailboxHealth,
  after: MailboxHealth,
): Promise<void> {
  const { post, store, clock, now } = context;
  const matter = matterOf(before, after);
  const to = normaliseAddress(integration.notifyEmail ?? '');
  if (matter === null || !post || to === null) return;
  const { kind, since } = matter;
  const ref = integrationsOf(store).doc(integration.id).collection('notices').doc(`${kind}@${since}`);
  const snapshot = await ref.get();
  if (resume(snapshot.exists ? standingClaim(snapshot) : null, now) !== 'take') return;
  const claims = documentClaims({ store, clock }, [
    { ref, standing: snapshot, fields: { kind, recipient: to } },
  ]);
  const { subject, paragraphs } = WORDS[kind](integration, after);
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
  auth_failed: ({ user, host }: Integration, { lastError }: MailboxHealth) => ({
    subject: `${user} : identification refusée / sign-in refused`,
    paragraphs: [
      `Le serveur ${host} refuse l’identification de la boîte ${user}. Ses nouveaux messages ne sont plus relevés. Saisissez son mot de passe à nouveau dans la console ; rien n’est perdu, la relève reprendra où elle s’est arrêtée.`,
      `The server ${host} refuses the sign-in of the mailbox ${user}. Its new mail is no longer fetched. Enter its password again in the console; nothing is lost, synchronisation will go on where it stopped.`,
      `${host}: ${lastError ?? ''}`,
    ],
  }),
  recovered: ({ user }: Integration, _health: MailboxHealth) => ({
    subject: `${user} : relève rétablie / synchronised again`,
    paragraphs: [`La boîte ${user} est de nouveau relevée.`, `The mailbox ${user} is synchronised again.`],
  }),
  folders_absent: ({ user, host }: Integration, { gaps }: MailboxHealth) => {
    const names = gaps.flatMap(({ folder, exists }) => (exists === null ? [folder] : [])).join(', ');
    return {
      subject: `${user} : dossier introuvable / folder not found`,
      paragraphs: [
        `Le serveur ${host} n’a plus ces dossiers de la boîte ${user} : ${names}. Leurs messages ne sont plus relevés. Un dossier a sans doute changé de nom ; choisissez les dossiers à nouveau dans la console.`,
        `The server ${host} no longer has these folders of the mailbox ${user}: ${names}. Their mail is not fetched. A folder was probably renamed; choose the folders again in the console.`,
      ],
    };
  },
};
