import { Text } from '@mantine/core';
import type { RunView } from '../../../../shared/runtime/run-view.ts';
import type { Counts } from '../../../../shared/runtime/task.ts';
import { whole } from '../base/format.ts';
import { useLanguage } from '../base/language.tsx';
import { useTasksTexts } from './texts.ts';
import { useReasons } from './words.ts';

const KINDS = ['candidates', 'acted', 'skipped', 'failed'] as const;

/** The counts of a run, in one line. */
export function CountsLine({ counts }: { counts: Counts | null }) {
  const { language } = useLanguage();
  const texts = useTasksTexts();
  if (!counts) return null;
  const parts = KINDS.filter((kind) => kind === 'candidates' || counts[kind] > 0);
  return (
    <Text span>
      {parts.map((kind) => `${whole(counts[kind], language)} ${texts.run[kind](counts[kind])}`).join(' · ')}
    </Text>
  );
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
