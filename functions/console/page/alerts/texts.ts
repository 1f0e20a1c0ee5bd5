import type { Widened } from '../base/en.ts';
import { useWords } from '../base/language.tsx';

const days = (count: number) => (count === 1 ? '1 day' : `${count} days`);
const jours = (count: number) => (count <= 1 ? `${count} jour` : `${count} jours`);

const en = {
  lateAfter: (count: number) => `late after ${days(count)}`,
  id: 'Id',
  inStage: 'In its stage',
  inStageFor: (count: number, at: string) => `for ${days(count)}, since ${at}`,
  knownBy: 'Known by',
  sources: {
    stage_entered_at: 'its field stage_entered_at',
    events: 'its last event into this stage (it has no stage_entered_at)',
    created_at: 'its creation (it has no stage_entered_at, and no event leads into this stage)',
  },
  threshold: 'Threshold',
  lateSince: 'Late since',
  told: 'Who is told',
  nobody: 'nobody: no recipient is switched on',
  alerts: 'Alerts about it, newest first',
  noAlerts: 'Nobody has been told of it yet; the next check does.',
};

const fr: Widened<typeof en> = {
  lateAfter: (count) => `retard après ${jours(count)}`,
  id: 'Identifiant',
  inStage: 'Dans l’étape',
  inStageFor: (count, at) => `depuis ${jours(count)}, le ${at}`,
  knownBy: 'Connu par',
  sources: {
    stage_entered_at: 'son champ stage_entered_at',
    events: 'son dernier événement vers cette étape (sans stage_entered_at)',
    created_at: 'sa création (sans stage_entered_at, et aucun événement vers cette étape)',
  },
  threshold: 'Seuil',
  lateSince: 'En retard depuis',
  told: 'Prévenus',
  nobody: 'personne : aucun destinataire n’est activé',
  alerts: 'Alertes à son sujet, les plus récentes d’abord',
  noAlerts: 'Personne n’en a encore été prévenu ; la prochaine vérification le fera.',
};

/** The texts about one late ticket; they come with the page of alerts. */
export const useTicketTexts = () => useWords({ en, fr });
