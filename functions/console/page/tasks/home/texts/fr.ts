import type { HomeTexts } from './en.ts';

/** Les textes de la page d’accueil en français. */
export const fr: HomeTexts = {
  well: 'Tout va bien',
  matters: (count) =>
    count === 1 ? '1 point demande votre attention' : `${count} points demandent votre attention`,
  mattersName: 'Points à traiter',
  allIncidents: 'Tous les incidents',
  since: (at) => `depuis le ${at}`,
  more: (count) => (count < 2 ? `et ${count} autre` : `et ${count} autres`),
  take: 'Je m’en occupe',
  taken: (who, at) => `${who} s’en occupe depuis le ${at}`,
  lastRun: (at, outcome) => `Dernière exécution : le ${at}, ${outcome}.`,
  noRun: 'Aucune exécution n’est connue.',
  missed: {
    title: (task, at) => `${task} : l’exécution du ${at} n’a pas démarré`,
    remedy: 'Vérifiez que sa tâche planifiée existe dans Cloud Scheduler, sans pause, puis lancez-la.',
  },
  overrun: {
    title: (task) => `${task} : une exécution dépasse son délai`,
    facts: (at, budget) => `Commencée le ${at}, elle devait finir en ${budget}.`,
    remedy:
      'Elle a sans doute été interrompue ; la suivante reprend là. Si cela se répète, donnez plus de mémoire à la fonction.',
  },
  failing: {
    title: (task, count) => `${task} : ${count} échecs de suite`,
    remedy: 'Ouvrez la dernière exécution, corrigez la cause, puis relancez la tâche.',
  },
  slow: {
    title: (task) => `${task} : les exécutions approchent de leur délai`,
    facts: (median, budget) => `D’habitude ${median} sur ${budget}.`,
    remedy: 'Espacez les exécutions, ou donnez plus de mémoire à la fonction.',
  },
  asleep: {
    title: 'Les exécutions n’ont pas été surveillées pendant un moment',
    facts: (from, to) => `Du ${from} au ${to}.`,
    remedy: 'Vérifiez la tâche planifiée watch-runs dans Cloud Scheduler.',
  },
  reminders: {
    title: (count) => (count === 1 ? '1 relance : envoi incertain' : `${count} relances : envoi incertain`),
    remedy: 'La réponse du serveur s’est perdue. Cherchez le courriel, puis dites s’il est parti.',
  },
  alerts: {
    title: (count) => (count === 1 ? '1 alerte : envoi incertain' : `${count} alertes : envoi incertain`),
    remedy: 'Demandez au destinataire, puis dites si elle est arrivée.',
  },
  mailbox: {
    title: (name) => `${name} : connexion refusée`,
    remedy: 'Ressaisissez le mot de passe de la boîte, ou désactivez-la.',
  },
  mail: {
    paused: {
      title: 'Tout envoi est suspendu',
      remedy: 'EMAIL_PAUSED est défini : rien ne part. Retirez-le et redéployez.',
    },
    not_configured: {
      title: 'Aucun serveur de messagerie n’est configuré',
      remedy: 'Renseignez EMAIL_HOST et les variables voisines, puis redéployez ; d’ici là, rien ne part.',
    },
  },
  unsteady: {
    title: (task) => `${task} : des échecs par intermittence`,
    remedy: 'Comparez les exécutions en échec : même erreur, même heure ?',
  },
  fruitless: {
    title: (task) => `${task} : elle tourne, mais rien n’aboutit`,
    facts: (count, at) => `${count} exécutions de suite, depuis le ${at}.`,
    remedy:
      'Ouvrez la dernière exécution. Si la raison est partout la même, la cause est commune : compte, réglages ou réseau.',
  },
  cut_short: {
    title: (task) => `${task} : le retard s’accumule`,
    facts: (count, at) => `${count} exécutions de suite ont manqué de temps, depuis le ${at}.`,
    remedy: 'Exécutez-la plus souvent, ou augmentez son budget dans infra/scheduler.yaml.',
  },
  toFix: {
    title: (count) => (count === 1 ? '1 relance à corriger' : `${count} relances à corriger`),
    remedy: 'Une adresse, un montant ou un modèle manque ou est faux.',
  },
  notified: {
    title: 'Personne n’est prévenu des incidents',
    remedy: 'Nommez un opérateur dans les réglages.',
  },
  recipients: {
    title: 'Personne ne reçoit les alertes sur les tickets en retard',
    remedy: 'Ajoutez un destinataire.',
  },
  setUp: {
    title: (done, all) => `Mise en route : ${done} sur ${all}`,
    hide: 'Masquer cette liste',
    done: 'fait',
    open: 'à faire',
    organisations: 'Créer une organisation et ses règles de relance',
    mailboxes: 'Relier une boîte aux lettres, pour que les réponses arrêtent les relances',
    recipients: 'Ajouter un destinataire des alertes sur les tickets en retard',
    visits: 'Compter les visites de votre site avec deux lignes',
  },
  row: {
    never: 'Jamais exécutée.',
    running: (count) => `En cours : ${count}.`,
    paused: 'En pause.',
    pausedBy: (who, at) => `Mise en pause par ${who} le ${at}.`,
    sentence: (at, what) => `${at.charAt(0).toUpperCase()}${at.slice(1)} : ${what}.`,
    failed: (count) => (count === '1' ? '1 en échec' : `${count} en échec`),
    late: (at) => `L’exécution du ${at} n’a pas démarré.`,
    dueNow: 'imminente',
    next: (distance) => `Prochaine ${distance}`,
  },
};
