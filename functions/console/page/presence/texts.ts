import type { Widened } from '../base/en.ts';
import { useWords } from '../base/language.tsx';

const en = {
  title: 'Presence',
  intro: (minutes: number) => `Users are online if they were active in the last ${minutes} minutes.`,
  degraded: 'Redis does not answer. Users who cannot be seen are unknown, not offline. Clean later.',
  figures: {
    users: 'Users',
    flagged: 'Flagged online',
    live: 'Active in Redis',
    ghosts: 'Ghosts',
    unflagged: 'Active, not flagged',
    stale: (minutes: number) => `Inactive for ${minutes} min`,
  },
  stores: { firestore: 'Firestore', redis: 'Redis' },
  answers: (ms: string) => `answers in ${ms} ms`,
  away: 'does not answer',
  ghosts: 'Ghosts: flagged online without any sign of life',
  noGhosts: 'There is no ghost.',
  andMore: (count: number) => `and ${count} more`,
  people: 'People',
  views: { online: 'Online', all: 'Everybody' },
  viewsName: 'Lists',
  nobody: { online: 'Nobody is online.', all: 'There is no user yet.' },
  status: { online: 'online', offline: 'offline', unknown: 'unknown' },
  source: {
    redis: 'by a sign of life',
    login_history: 'by the sign-ins',
    none: 'nothing is known',
  },
  clean: {
    title: 'Clean',
    help: 'Puts inactive users offline. A user who becomes active during the cleaning stays online. A backup file is saved first; you can restore it.',
    ghosts: (minutes: number) => `Put the inactive offline (${minutes} min)…`,
    all: 'Put everybody offline…',
    asked: {
      ghosts: 'These users are flagged online but inactive. They would be put offline:',
      all: 'Everybody whose last sign of life lies before now would be put offline:',
    },
    would: (count: number) => (count === 1 ? '1 person' : `${count} people`),
    alive: (count: number) =>
      count === 1 ? '1 is active and stays online.' : `${count} are active and stay online.`,
    nothing: 'There is nobody to put offline.',
    confirm: 'Save the backup and clean',
    done: (count: number) => (count === 1 ? '1 person is offline now.' : `${count} people are offline now.`),
    backup: 'The backup is in your downloads.',
    undo: 'Put them back online',
  },
  restore: {
    title: 'Restore a backup',
    file: 'Backup file',
    bad: 'This file is not a presence backup. Choose another file.',
    would: (restored: number, changed: number) =>
      `${restored} would be restored; ${changed} would stay unchanged (active since, gone, or the same as now).`,
    confirm: 'Restore',
    done: (restored: number, changed: number) => `${restored} restored; ${changed} unchanged.`,
  },
};

const fr: Widened<typeof en> = {
  title: 'Présence',
  intro: (minutes) => `Une personne active dans les ${minutes} dernières minutes est en ligne.`,
  degraded: 'Redis ne répond pas. L’état des personnes sans signe de vie est inconnu. Nettoyez plus tard.',
  figures: {
    users: 'Utilisateurs',
    flagged: 'Marqués en ligne',
    live: 'Actifs dans Redis',
    ghosts: 'Fantômes',
    unflagged: 'Actifs non marqués',
    stale: (minutes) => `Inactifs depuis ${minutes} min`,
  },
  stores: { firestore: 'Firestore', redis: 'Redis' },
  answers: (ms) => `répond en ${ms} ms`,
  away: 'ne répond pas',
  ghosts: 'Fantômes : marqués en ligne sans aucun signe de vie',
  noGhosts: 'Il n’y a pas de fantôme.',
  andMore: (count) => (count <= 1 ? `et ${count} autre` : `et ${count} autres`),
  people: 'Personnes',
  views: { online: 'En ligne', all: 'Tout le monde' },
  viewsName: 'Listes',
  nobody: { online: 'Personne n’est en ligne.', all: 'Il n’y a pas encore d’utilisateur.' },
  status: { online: 'en ligne', offline: 'hors ligne', unknown: 'inconnu' },
  source: {
    redis: 'd’après un signe de vie',
    login_history: 'd’après les connexions',
    none: 'rien n’est connu',
  },
  clean: {
    title: 'Nettoyer',
    help: 'Met hors ligne les personnes inactives. Celles qui redeviennent actives entre-temps restent en ligne. Un fichier de sauvegarde est d’abord enregistré ; vous pouvez le restaurer.',
    ghosts: (minutes) => `Mettre hors ligne les inactifs (${minutes} min)…`,
    all: 'Mettre tout le monde hors ligne…',
    asked: {
      ghosts: 'Marqués en ligne mais inactifs, ils seraient mis hors ligne :',
      all: 'Tous ceux dont le dernier signe de vie précède cet instant seraient mis hors ligne :',
    },
    would: (count) => (count === 1 ? '1 personne' : `${count} personnes`),
    alive: (count) => (count <= 1 ? `${count} actif, inchangé.` : `${count} actifs, inchangés.`),
    nothing: 'Il n’y a personne à mettre hors ligne.',
    confirm: 'Enregistrer la sauvegarde et nettoyer',
    done: (count) =>
      count === 1
        ? '1 personne est maintenant hors ligne.'
        : `${count} personnes sont maintenant hors ligne.`,
    backup: 'La sauvegarde est dans vos téléchargements.',
    undo: 'Les remettre en ligne',
  },
  restore: {
    title: 'Restaurer une sauvegarde',
    file: 'Fichier de sauvegarde',
    bad: 'Ce fichier n’est pas une sauvegarde de présence. Choisissez un autre fichier.',
    would: (restored, changed) =>
      `À restaurer : ${restored}. Inchangés : ${changed} (actifs depuis, disparus ou dans le même état).`,
    confirm: 'Restaurer',
    done: (restored, changed) => `Restaurés : ${restored}. Inchangés : ${changed}.`,
  },
};

/** The texts of the page of presence; they come with it. */
export const usePresenceTexts = () => useWords({ en, fr });
