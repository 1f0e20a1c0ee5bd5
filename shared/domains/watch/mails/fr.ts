import type { Incident } from '../incident.ts';
import { formatFact as formatPlain, formatSpan, listOf, type Notice, type NoticeWords } from '../words.ts';

type Fact = Incident['facts'][string] | undefined;

/** French writes 04/03/2026, and a comma in 31,2. */
function utc(instant: Date | string): string {
  const iso = (typeof instant === 'string' ? new Date(instant) : instant).toISOString();
  const [year, month, day] = iso.slice(0, 10).split('-');
  return `${day}/${month}/${year} à ${iso.slice(11, 16)} UTC`;
}
const instantOf = (value: Fact): string => (typeof value === 'string' ? utc(value) : '–');
const between = (from: Date, to: Date): string => formatSpan(to.getTime() - from.getTime(), 'j');
const formatFact = (value: Fact): string =>
  typeof value === 'number' ? value.toLocaleString('fr-FR') : formatPlain(value);

/** The outcomes of runs. */
const OUTCOMES: Record<string, string> = {
  succeeded: 'réussie',
  nothing_to_do: 'rien à faire',
  partial: 'terminée en partie',
  failed: 'échouée',
  abandoned: 'tuée en route',
};

/** No run began for an occurrence. */
function missed({ task, facts }: Incident): Notice {
  return {
    title: `${task} : l’exécution du ${instantOf(facts.occurrence)} n’a pas eu lieu`,
    lines: [
      `${task} devait passer le ${instantOf(facts.occurrence)} (« ${formatFact(facts.schedule)} », ${formatFact(facts.time_zone)}) et n’avait pas commencé ${formatSpan(Number(facts.grace_seconds) * 1000)} plus tard.`,
      facts.last_run
        ? `Dernière exécution : le ${instantOf(facts.last_started_at)}, ${OUTCOMES[formatPlain(facts.last_outcome)] ?? 'en cours'}.`
        : 'Aucune exécution n’est connue.',
    ],
    remedies: [
      'La tâche planifiée existe-t-elle, sans être en pause ? ronde scheduler list ; ronde scheduler plan montre les écarts.',
      'Appelle-t-elle avec la bonne preuve ? Les appels refusés sont au journal, avec le contrôle qui a échoué (401, 403).',
      `Essayez à la main : ronde run ${task} --dry-run.`,
      'La pause est voulue ? Ajoutez la tâche dans settings/watch, paused ; aucun courriel ne part alors à son sujet.',
    ],
  };
}

/** A run is still open past its budget. */
function overrun({ task, facts }: Incident): Notice {
  return {
    title: `${task} : une exécution n’a pas fini à temps`,
    lines: [
      `L’exécution ${formatFact(facts.run)} a commencé le ${instantOf(facts.started_at)} et devait finir en ${formatFact(facts.budget_seconds)} s. Elle a sans doute été tuée, ou reste bloquée.`,
    ],
    remedies: [
      'Regardez le journal de la fonction à cette heure : mémoire épuisée, plantage, base muette ?',
      'Rien n’est perdu : l’exécution suivante reprend où celle-ci s’est arrêtée.',
      'Si cela se répète : plus de mémoire pour la fonction, ou un budget_seconds plus court, dans infra/scheduler.yaml.',
    ],
  };
}

/** Failures in a row. */
function failing({ task, facts }: Incident): Notice {
  return {
    title: `${task} : ${formatFact(facts.failures)} échecs à la suite`,
    lines: [
      `${task} échoue à chaque tentative depuis le ${instantOf(facts.since)} ; la dernière : ${formatFact(facts.last_run)}.`,
      ...(facts.error ? [`Son erreur : ${formatFact(facts.error)}`] : []),
    ],
    remedies: [
      'ronde doctor examine les deux bases, la messagerie, la connexion, le planning et les secrets, et nomme ce qui ne va pas.',
      `La fiche task_runs/${formatFact(facts.last_run)} donne les nombres et les raisons.`,
      `Une fois réparé : ronde run ${task}.`,
    ],
  };
}

/** Failures that alternate with successes. */
function unsteady({ task, facts }: Incident): Notice {
  return {
    title: `${task} : des échecs par intermittence`,
    lines: [
      `Depuis le ${instantOf(facts.since)}, ${formatFact(facts.failures)} de ses dernières exécutions ont échoué, ou n’ont réussi qu’à la reprise ; la dernière : ${formatFact(facts.last_run)}.`,
      ...(facts.error ? [`Son erreur : ${formatFact(facts.error)}`] : []),
    ],
    remedies: [
      'Comparez les exécutions échouées dans task_runs : même erreur, même heure, même nombre de candidats ?',
      'ronde doctor examine les deux bases, la messagerie, la connexion, le planning et les secrets, et nomme ce qui ne va pas.',
    ],
  };
}

/** Runs end well and nothing works. */
function fruitless({ task, facts }: Incident): Notice {
  return {
    title: `${task} : elle tourne, mais rien n’aboutit`,
    lines: [
      `Ses ${formatFact(facts.runs)} dernières exécutions qui avaient à faire, depuis le ${instantOf(facts.since)}, n’ont rien pu traiter. Dans la dernière : ${formatFact(facts.failed)} en échec, ${formatFact(facts.waiting)} en attente après un échec.`,
    ],
    remedies: [
      `La fiche task_runs/${formatFact(facts.last_run)} donne les raisons.`,
      task === 'sync-inbox'
        ? 'La console montre la dernière erreur de chaque boîte. Si toutes échouent de la même façon, le serveur de messagerie ou le réseau est en panne.'
        : 'Si la raison est partout la même, la cause est commune : compte de messagerie, réglages, destinataire.',
    ],
  };
}

/** The budget ends every run early. */
function cut_short({ task, facts }: Incident): Notice {
  return {
    title: `${task} : aucune exécution ne va au bout`,
    lines: [
      `Ses ${formatFact(facts.runs)} dernières exécutions, depuis le ${instantOf(facts.since)}, se sont arrêtées avant la fin, avec un budget de ${formatFact(facts.budget_seconds)} s. Rien n’est perdu, mais le retard peut s’accumuler.`,
    ],
    remedies: [
      `Lancez-la plus souvent (maintenant « ${formatFact(facts.schedule)} »), ou augmentez budget_seconds : dans infra/scheduler.yaml, ou dans l’appel de votre planificateur web.`,
      'Ou donnez plus de mémoire à la fonction, donc plus de processeur.',
    ],
  };
}

/** Runs take nearly as long as they may. */
function slow({ task, facts }: Incident): Notice {
  return {
    title: `${task} : ses exécutions durent trop longtemps`,
    lines: [
      `Les dernières ont duré ${formatFact(facts.median_seconds)} s (médiane) ; la limite surveillée est de ${formatFact(facts.limit_seconds)} s, le budget de ${formatFact(facts.budget_seconds)} s.`,
    ],
    remedies: [
      `Allongez l’intervalle dans infra/scheduler.yaml (maintenant « ${formatFact(facts.schedule)} »), puis ronde scheduler apply.`,
      'Ou donnez plus de mémoire à la fonction, donc plus de processeur.',
      'Les nombres et le coût de chaque exécution, dans task_runs, disent ce qui a grossi.',
    ],
  };
}

/** The delivery of mails is uncertain. */
function unknown_mail({ task, facts }: Incident): Notice {
  const more = facts.at_least ? 'Au moins ' : '';
  return {
    title: `${task} : ${formatFact(facts.count)} courriel(s) peut-être non reçu(s)`,
    lines: [
      `${more}${formatFact(facts.count)} courriel(s) sont partis depuis le ${instantOf(facts.since)} sans réponse du serveur de messagerie. Ils ne sont pas renvoyés d’eux-mêmes.`,
      ...listOf(facts.mails),
    ],
    remedies: [
      'Demandez aux destinataires, ou cherchez le Message-ID au journal du serveur de messagerie.',
      task === 'process-followups'
        ? 'Puis tranchez dans la console : partie, ou non partie ; dans ce cas, elle repart.'
        : 'Si l’un n’est pas arrivé : renvoyez-le à la main ; ronde alerts check --force pour les tickets en retard.',
    ],
  };
}

/** watch-runs did not run for a while. */
function asleep({ facts }: Incident): Notice {
  const missedRuns = listOf(facts.missed);
  return {
    title: `watch-runs n’a pas tourné du ${instantOf(facts.from)} au ${instantOf(facts.to)}`,
    lines: [
      `Rien n’a été surveillé pendant ${between(new Date(formatPlain(facts.from)), new Date(formatPlain(facts.to)))}. La surveillance a repris ; ce message est le seul pour cette période.`,
      ...(missedRuns.length > 0
        ? ['Exécutions qui n’ont pas eu lieu pendant ce temps :', ...missedRuns]
        : ['Toutes les exécutions des tâches ont eu lieu pendant ce temps.']),
    ],
    remedies: [
      'La tâche planifiée watch-runs existe-t-elle, a-t-elle échoué ? ronde scheduler list ; le journal de watch-runs.',
    ],
  };
}

/** The mails to operators in French. */
export const french: NoticeWords = {
  missed,
  overrun,
  failing,
  unsteady,
  fruitless,
  cut_short,
  slow,
  unknown_mail,
  asleep,
  flapping: (title) => `Par intermittence : ${title}`,
  comesAndGoes: (openings) =>
    `Cela s’est produit ${openings} fois en une journée. Désormais, un seul message par jour, et un message immédiat si cela dure 30 minutes.`,
  reminder: (title) => `Toujours : ${title}`,
  still: (openedAt, now) => `Il en est ainsi depuis le ${utc(openedAt)}, soit ${between(openedAt, now)}.`,
  recovered: (title) => `Terminé : ${title}`,
  over: (openedAt, now) => `C’est terminé le ${utc(now)}, après ${between(openedAt, now)}.`,
  whatToDo: 'Que faire',
  footer:
    'Vous recevez ceci comme opérateur de settings/watch. Chaque incident est signalé une fois, puis une fois par jour.',
};
