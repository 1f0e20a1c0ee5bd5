import type { IncidentView } from '../../../../../shared/domains/watch/incident.ts';
import type { RunLine } from '../../../../../shared/runtime/run-view.ts';
import type { TaskItem } from '../../../api/tasks/tasks.ts';
import { distance, instant, whole } from '../../base/format.ts';
import { type Language, useLanguage } from '../../base/language.tsx';
import { isUnderWay } from '../queries.ts';
import { useActs } from '../words.ts';
import { useHomeTexts } from './texts.ts';

const MAX_ERROR = 120;

/** Returns how a task is, in one sentence: late, paused, at work, or what its last run did. */
export function useStatus(
  task: TaskItem,
  incidents: readonly IncidentView[],
): { sentence: string; language: Language } {
  const { language, texts } = useLanguage();
  const { row } = useHomeTexts();
  const acts = useActs(task.id);
  const [last] = task.last_runs;
  const said = (run: RunLine): string => {
    const { outcome, counts, error } = run;
    if (outcome === 'failed')
      return [texts.outcome.failed, error?.slice(0, MAX_ERROR)].filter(Boolean).join(', ');
    const parts = [
      counts && counts.acted > 0 && acts.done(counts.acted),
      counts && counts.failed > 0 && row.failed(whole(counts.failed, language)),
    ].filter(Boolean);
    return outcome === 'abandoned' || parts.length === 0
      ? texts.outcome[outcome ?? 'running']
      : parts.join(', ');
  };
  const sentence = (): string => {
    const missed = incidents.find(({ kind }) => kind === 'missed');
    if (task.paused)
      return task.pause ? row.pausedBy(task.pause.by, instant(task.pause.at, language)) : row.paused;
    if (missed) return row.late(instant(String(missed.facts?.['occurrence'] ?? missed.opened_at), language));
    if (!last?.started_at) return row.never;
    if (isUnderWay(last)) return row.running(acts.counts(last.counts));
    return row.sentence(distance(last.started_at, language), said(last));
  };
  return { sentence: sentence(), language };
}
