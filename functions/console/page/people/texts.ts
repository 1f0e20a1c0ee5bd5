import type { Widened } from '../base/en.ts';
import { useWords } from '../base/language.tsx';

const en = {
  missing: 'Nobody is known by this id or address.',
  address: 'E-mail address',
  user: 'User',
  noUser: 'not a user of the site',
  role: 'Role',
  seen: 'Last seen',
  signedOut: 'Signed out',
  followups: 'Follow-ups',
  noFollowups: 'No follow-up for this address.',
  mails: 'Mail from this address',
  noMails: 'No mail from this address.',
  noSubject: '(no subject)',
};

const fr: Widened<typeof en> = {
  missing: 'Personne n’est connu sous cet identifiant ou cette adresse.',
  address: 'Adresse e-mail',
  user: 'Utilisateur',
  noUser: 'pas un utilisateur du site',
  role: 'Rôle',
  seen: 'Vu pour la dernière fois',
  signedOut: 'Déconnexion',
  followups: 'Relances',
  noFollowups: 'Aucune relance pour cette adresse.',
  mails: 'Messages de cette adresse',
  noMails: 'Aucun message de cette adresse.',
  noSubject: '(sans objet)',
};

/** The texts of a person's page; they come with it. */
export const usePeopleTexts = () => useWords({ en, fr });
