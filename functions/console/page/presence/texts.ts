import type { Widened } from '../base/en.ts';
import { useWords } from '../base/language.tsx';

const en = {
  title: 'Presence',
  intro: (minutes: number) => `Who is there: a sign of life younger than ${minutes} minutes counts.`,
  degraded: 'Redis does not answer: who cannot be seen is unknown, not offline. Cleaning has to wait.',
  figures: {
    users: 'Users',
    flagged: 'Flagged online',
    live: 'Live signs in Redis',
    ghosts: 'Ghosts',
    unflagged: 'Alive, not flagged',
    stale: (minutes: number) => `Silent for ${minutes} min`,
  },
  stores: { firestore: 'Firestore', redis: 'Redis' },
  answers: (ms: string) => `answers in ${ms} ms`,
  away: 'does not answer',
  ghosts: 'Ghosts: flagged online, and no sign of life says so',
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
    help: 'Puts people offline who show no sign of life. Whoever shows one meanwhile stays. A backup is kept as a file first and can be put back.',
    ghosts: (minutes: number) => `Clean the silent (${minutes} min)…`,
    all: 'Put everybody offline…',
    asked: {
      ghosts: 'These are flagged online and silent, and would be put offline:',
      all: 'Everybody whose last sign of life lies before now would be put offline:',
    },
    would: (count: number) => (count === 1 ? '1 person' : `${count} people`),
    alive: (count: number) => (count === 1 ? '1 is alive and stays.' : `${count} are alive and stay.`),
    nothing: 'There is nobody to put offline.',
    confirm: 'Save the backup and clean',
    done: (count: number) => (count === 1 ? '1 person is offline now.' : `${count} people are offline now.`),
    backup: 'The backup is among your downloads.',
    undo: 'Put them back',
  },
  restore: {
    title: 'Put a backup back',
    file: 'Backup file',
    bad: 'This file is no backup of presence.',
    would: (restored: number, changed: number) =>
      `${restored} would be put back; ${changed} have shown life since or are gone, and stay as they are.`,
    confirm: 'Put back',
    done: (restored: number, changed: number) => `${restored} are put back; ${changed} stay as they are.`,
  },
};

const fr: Widened<typeof en> = {
  title: 'Présence',
  intro: (minutes) => `Qui est là : un signe de vie de moins de ${minutes} minutes compte.`,
  degraded:
    'Redis ne répond pas : qui ne se voit pas est inconnu, pas hors ligne. Le nettoyage doit attendre.',
  figures: {
    users: 'Utilisateurs',
    flagged: 'Marqués en ligne',
    live: 'Signes de vie dans Redis',
    ghosts: 'Fantômes',
    unflagged: 'Vivants, non marqués',
    stale: (minutes) => `Muets depuis ${minutes} min`,
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
    redis: 'par un signe de vie',
    login_history: 'par les connexions',
    none: 'rien n’est connu',
  },
  clean: {
    title: 'Nettoyer',
    help: 'Met hors ligne qui ne donne pas signe de vie. Qui en donne un entre-temps reste. Une sauvegarde est d’abord gardée dans un fichier et peut être remise.',
    ghosts: (minutes) => `Nettoyer les muets (${minutes} min)…`,
    all: 'Mettre tout le monde hors ligne…',
    asked: {
      ghosts: 'Marqués en ligne et muets, ils seraient mis hors ligne :',
      all: 'Tous ceux dont le dernier signe de vie est passé seraient mis hors ligne :',
    },
    would: (count) => (count === 1 ? '1 personne' : `${count} personnes`),
    alive: (count) => (count <= 1 ? `${count} est en vie et reste.` : `${count} sont en vie et restent.`),
    nothing: 'Il n’y a personne à mettre hors ligne.',
    confirm: 'Garder la sauvegarde et nettoyer',
    done: (count) =>
      count === 1
        ? '1 personne est maintenant hors ligne.'
        : `${count} personnes sont maintenant hors ligne.`,
    backup: 'La sauvegarde est parmi vos téléchargements.',
    undo: 'Les remettre',
  },
  restore: {
    title: 'Remettre une sauvegarde',
    file: 'Fichier de sauvegarde',
    bad: 'Ce fichier n’est pas une sauvegarde de présence.',
    would: (restored, changed) =>
      `${restored} seraient remis ; ${changed} ont donné signe de vie depuis ou n’existent plus, et restent tels quels.`,
    confirm: 'Remettre',
    done: (restored, changed) => `${restored} sont remis ; ${changed} restent tels quels.`,
  },
};

/** The texts of the page of presence; they come with it. */
export const usePresenceTexts = () => useWords({ en, fr });
