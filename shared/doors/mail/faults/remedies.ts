import type { Locale } from '../message.ts';
import type { FaultKind } from './kinds.ts';

const CHECK_ADDRESS = { en: 'check the address', fr: 'vérifiez l’adresse' };
const LATER = { en: 'it is tried again later', fr: 'un nouvel essai suivra' };

/** The remedy of each kind of refusal, as the end of a sentence. */
export const REMEDIES: Readonly<Record<FaultKind, Readonly<Record<Locale, string>>>> = {
  no_such_address: CHECK_ADDRESS,
  mailbox_disabled: CHECK_ADDRESS,
  address_refused: CHECK_ADDRESS,
  takes_no_outside_mail: {
    en: 'the address takes no mail from outside its organisation: ask for another one',
    fr: 'l’adresse n’accepte aucun courriel extérieur : demandez-en une autre',
  },
  mailbox_full: LATER,
  recipient_later: LATER,
  sender_refused: {
    en: 'the account may not send as this From: allow it there (send as, verified alias), or change the sender',
    fr: 'le compte n’a pas le droit d’envoyer sous cette adresse : autorisez-la chez le fournisseur (« envoyer en tant que », alias vérifié) ou changez d’expéditeur',
  },
  login_refused: {
    en: 'correct the user and the password of the account, by default EMAIL_HOST_USER and EMAIL_HOST_PASSWORD (with Gmail, an app password)',
    fr: 'corrigez l’identifiant et le mot de passe du compte, par défaut EMAIL_HOST_USER et EMAIL_HOST_PASSWORD (chez Gmail, un mot de passe d’application)',
  },
  basic_auth_off: {
    en: 'this provider takes no password here any more: sign in with OAuth (EMAIL_AUTH=xoauth2, or a mail account), or an administrator allows passwords for SMTP AUTH again',
    fr: 'ce fournisseur n’accepte plus ici de mot de passe : passez à OAuth (EMAIL_AUTH=xoauth2, ou un compte d’envoi), ou un administrateur réautorise les mots de passe pour SMTP AUTH',
  },
  smtp_auth_off: {
    en: 'SMTP AUTH is off for this mailbox or its whole tenant; an administrator of Microsoft 365 switches it on, and OAuth does not replace that',
    fr: 'SMTP AUTH est désactivé pour cette boîte ou tout son locataire ; un administrateur de Microsoft 365 doit l’activer, et OAuth ne le remplace pas',
  },
  app_password_needed: {
    en: 'this account needs an app password (Google account, two-step verification) instead of its password',
    fr: 'ce compte exige un mot de passe d’application (compte Google, validation en deux étapes) au lieu de son mot de passe',
  },
  consent_withdrawn: {
    en: 'the consent for this account was withdrawn or has ended: connect it again (at Google it ends after a week while the app’s publishing status is Testing: publish the app)',
    fr: 'l’autorisation de ce compte a été retirée ou a expiré : reconnectez-le (chez Google, elle expire au bout d’une semaine tant que l’application est au statut « Test » : publiez-la)',
  },
  host_forbidden: {
    en: 'the server has no public address: give the host name of a server on the internet',
    fr: 'le serveur n’a pas d’adresse publique : donnez le nom d’un serveur accessible sur Internet',
  },
  relay_denied: {
    en: 'the server takes no mail for outside addresses from this account: log in, or use the provider’s submission server',
    fr: 'le serveur n’accepte pas de courriel vers l’extérieur depuis ce compte : identifiez-vous, ou utilisez le serveur d’envoi du fournisseur',
  },
  daily_limit: {
    en: 'the account has sent its maximum of 24 hours; Ronde tries again every hour',
    fr: 'le compte a atteint son maximum sur 24 heures ; Ronde réessaie toutes les heures',
  },
  sending_limit: {
    en: 'the account has reached a sending limit: wait, or raise it at the provider',
    fr: 'le compte a atteint une limite d’envoi : attendez, ou faites-la relever chez le fournisseur',
  },
  rate_limit: {
    en: 'the account sends too fast for its provider; the next run goes on',
    fr: 'le compte envoie trop vite pour son fournisseur ; la prochaine exécution continuera',
  },
  own_mailbox_full: {
    en: 'the mailbox of the sending account is full: make room in it',
    fr: 'la boîte du compte d’envoi est pleine : faites-y de la place',
  },
  account_blocked: {
    en: 'the provider has blocked the sending account: unblock it in its console',
    fr: 'le fournisseur a bloqué le compte d’envoi : débloquez-le dans sa console',
  },
  address_blocked: {
    en: 'the sending server is on a block list: send through the provider’s submission server',
    fr: 'le serveur d’envoi figure sur une liste de blocage : passez par le serveur d’envoi du fournisseur',
  },
  account_refused: {
    en: 'correct EMAIL_*, DEFAULT_FROM_EMAIL or the account',
    fr: 'corrigez EMAIL_*, DEFAULT_FROM_EMAIL ou le compte',
  },
  everybody_refused: {
    en: 'the server refused every recipient of this run alike, so the account or its server is at fault',
    fr: 'le serveur a refusé de la même façon tous les destinataires de cette exécution : le compte ou son serveur est en cause',
  },
  busy: {
    en: 'the server takes no more connections for now; the next run tries again',
    fr: 'le serveur n’accepte plus de connexion pour le moment ; la prochaine exécution réessaiera',
  },
  server_fault: {
    en: 'the server has a fault of its own; the next run tries again',
    fr: 'le serveur a lui-même un problème ; la prochaine exécution réessaiera',
  },
  no_answer: {
    en: 'the server does not answer (EMAIL_HOST, EMAIL_PORT, EMAIL_USE_TLS); the next run tries again',
    fr: 'le serveur ne répond pas (EMAIL_HOST, EMAIL_PORT, EMAIL_USE_TLS) ; la prochaine exécution réessaiera',
  },
  token_unavailable: {
    en: 'the token server gives no access token for now; the next run tries again',
    fr: 'le serveur de jetons ne délivre pas de jeton pour le moment ; la prochaine exécution réessaiera',
  },
  message_refused: {
    en: 'the server dislikes this mail: change its text or its links',
    fr: 'le serveur refuse ce courriel : changez son texte ou ses liens',
  },
  unclear: {
    en: 'the server refuses without a clear reason: read its answer',
    fr: 'le serveur refuse sans raison claire : lisez sa réponse',
  },
};
