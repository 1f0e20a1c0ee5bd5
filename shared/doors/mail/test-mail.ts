import { randomUUID } from 'node:crypto';
import { requireAddress } from './address.ts';
import { html, page } from './html.ts';
import type { Locale, Mail } from './message.ts';
import type { Phase } from './phase.ts';
import type { Post } from './post.ts';
import type { SendResult } from './send-result.ts';

/**
 * The result of a test mail: an explanation in the reader's language and in all others, and the server's answer without
 * any password.
 */
export interface TestMailReport {
  ok: boolean;
  outcome: SendResult['outcome'];
  /** The mail server, as host:port. */
  server: string;
  to: string;
  /** The address that it went to instead (EMAIL_REDIRECT_TO), or null. */
  redirected_to: string | null;
  message: string;
  messages: Record<Locale, string>;
  response: string | null;
}

/**
 * Sends one test mail and explains in the reader's language how the dialogue with the mail server went. Throws if the
 * address is malformed.
 */
export async function sendTestMail(post: Post, to: string, locale: Locale): Promise<TestMailReport> {
  const address = requireAddress(to);
  const result = await post.sendUnclaimed(testMail(address, locale));
  const response = 'response' in result ? result.response : null;
  const { redirectTo, host, port } = post.config;
  const server = `${host}:${port}`;
  const redirected_to = redirectTo && redirectTo !== address ? redirectTo : null;
  const recipient = { address, redirectedTo: redirected_to, server };
  const messages = { fr: explain(result, recipient, 'fr'), en: explain(result, recipient, 'en') };
  const ok = result.outcome === 'sent';
  const { outcome } = result;
  return { ok, outcome, server, to: address, redirected_to, message: messages[locale], messages, response };
}

function testMail(address: string, locale: Locale): Mail {
  const { subject, body, footer } = WORDS[locale];
  return {
    key: `test/${randomUUID()}`,
    to: { address },
    locale,
    subject,
    text: `${body}\n\n${footer}\n`,
    html: page(locale, subject, html`<p>${body}</p>`, html`${footer}`),
  };
}

const WORDS: Record<Locale, { subject: string; body: string; footer: string }> = {
  fr: {
    subject: 'Essai d’envoi de Ronde',
    body: 'Si vous lisez ceci, les réglages d’envoi sont bons.',
    footer: 'Envoyé à la demande d’un administrateur.',
  },
  en: {
    subject: 'Test mail from Ronde',
    body: 'If you can read this, outgoing mail is set up correctly.',
    footer: 'Sent because an administrator asked for it.',
  },
};

/** Explains a result in one or two sentences. */
function explain(
  result: SendResult,
  { address, redirectedTo, server }: { address: string; redirectedTo: string | null; server: string },
  locale: Locale,
): string {
  const words = EXPLANATIONS[locale];
  if (!('phase' in result)) return result.outcome === 'paused' ? words.paused : words.stopped;
  if (result.outcome === 'sent')
    return words.sent(redirectedTo ?? address, server) + (redirectedTo ? words.redirected(address) : '');
  if (result.outcome === 'unknown') return words.unknown;
  if (result.outcome === 'failed') return words.failed(redirectedTo ?? address);
  const cause = words.phases[result.phase];
  return result.outcome === 'retry' ? `${cause} ${words.later}` : `${cause} ${words.settings}`;
}

interface Explanations {
  sent: (address: string, server: string) => string;
  redirected: (address: string) => string;
  failed: (address: string) => string;
  unknown: string;
  paused: string;
  stopped: string;
  later: string;
  settings: string;
  phases: Record<Phase, string>;
}

const EXPLANATIONS: Record<Locale, Explanations> = {
  fr: {
    sent: (address, server) => `Le serveur ${server} a accepté le message pour ${address}.`,
    redirected: (address) => ` EMAIL_REDIRECT_TO l’a détourné : rien n’est allé à ${address}.`,
    failed: (address) => `Le serveur refuse définitivement l’adresse ${address} : vérifiez-la.`,
    unknown:
      'Le message est parti mais le serveur n’a pas répondu : il est peut-être arrivé. Regardez la boîte.',
    paused: 'L’envoi est suspendu (EMAIL_PAUSED) : rien n’a été envoyé.',
    stopped: 'L’envoi est arrêté : rien n’a été envoyé.',
    later: 'Rien n’a été envoyé ; réessayez dans quelques minutes.',
    settings: 'Rien n’a été envoyé ; corrigez les réglages EMAIL_* ou le compte.',
    phases: {
      connect: 'Le serveur de messagerie ne répond pas (EMAIL_HOST, EMAIL_PORT).',
      greeting:
        'Le serveur a accepté la connexion sans se présenter comme il faut (EMAIL_PORT, EMAIL_USE_TLS).',
      ehlo: 'Le serveur a interrompu la présentation.',
      starttls: 'La connexion n’a pas pu être chiffrée (EMAIL_USE_TLS, certificat du serveur).',
      auth: 'Le serveur refuse l’identification (EMAIL_HOST_USER, EMAIL_HOST_PASSWORD ; chez Gmail, un mot de passe d’application).',
      mail: 'Le serveur refuse l’expéditeur (DEFAULT_FROM_EMAIL).',
      rcpt: 'Le serveur n’accepte pas le destinataire pour le moment.',
      data: 'Le serveur refuse de recevoir le message.',
      body: 'Le serveur a refusé le message après l’avoir lu.',
    },
  },
  en: {
    sent: (address, server) => `The mail server ${server} has accepted the message for ${address}.`,
    redirected: (address) => ` EMAIL_REDIRECT_TO sent it there: nothing went to ${address}.`,
    failed: (address) => `The server refuses the address ${address} for good: check it.`,
    unknown: 'The message went out and the server did not answer: it may have arrived. Look in the mailbox.',
    paused: 'Mail is paused (EMAIL_PAUSED): nothing was sent.',
    stopped: 'Mail is stopped: nothing was sent.',
    later: 'Nothing was sent; try again in a few minutes.',
    settings: 'Nothing was sent; correct the EMAIL_* settings or the account.',
    phases: {
      connect: 'The mail server does not answer (EMAIL_HOST, EMAIL_PORT).',
      greeting: 'The server took the connection and did not greet as it should (EMAIL_PORT, EMAIL_USE_TLS).',
      ehlo: 'The server broke off the introduction.',
      starttls: 'The connection could not be encrypted (EMAIL_USE_TLS, the server’s certificate).',
      auth: 'The server refuses the login (EMAIL_HOST_USER, EMAIL_HOST_PASSWORD; with Gmail, an app password).',
      mail: 'The server refuses the sender (DEFAULT_FROM_EMAIL).',
      rcpt: 'The server does not take the recipient for now.',
      data: 'The server refuses to receive the message.',
      body: 'The server refused the message after reading it.',
    },
  },
};
