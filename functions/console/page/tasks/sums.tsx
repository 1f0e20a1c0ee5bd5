import { Text } from '@mantine/core';
import type { RunView } from '../../../../shared/runtime/run-view.ts';
import type { Counts } from '../../../../shared/runtime/task.ts';
import { whole } from '../base/format.ts';
import { useLanguage } from '../base/language.tsx';
import { useTasksTexts } from './texts.ts';
import { useActs, useReasons } from './words.ts';

/** The counts of a run, in one line; of a dry run, what a real one would do. */
export function CountsLine({
  task,
  counts,
  would = false,
}: {
  task: string | null;
  counts: Counts | null;
  would?: boolean;
}) {
  const acts = useActs(task);
  return counts && <Text span>{acts.counts(counts, would)}</Text>;
}

/** Why candidates were skipped or failed, with how many. */
export function Reasons({
  run: { task, skipped, failed },
}: {
  run: Pick<RunView, 'task' | 'skipped' | 'failed'>;
}) {
  const { language, texts } = useLanguage();
  const words = useTasksTexts();
  const reasonText = useReasons(task);
  const rows = [
    ...Object.entries(failed ?? {}).map(([reason, count]) => ({ kind: 'failed', reason, count }) as const),
    ...Object.entries(skipped ?? {}).map(([reason, count]) => ({ kind: 'skipped', reason, count }) as const),
  ];
  if (rows.length === 0) return null;
  return (
    <ul className="reasons">
      {rows.map(({ kind, reason, count }) => (
        <li key={`${kind} ${reason}`} className={`reason-${kind}`}>
          {whole(count, language)} {words.run[kind](count)}
          {texts.colon}
          {reasonText(reason)}
        </li>
      ))}
    </ul>
  );
}
