import { Text } from '@mantine/core';
import { Link } from 'wouter';
import type { RunView } from '../../../../shared/runtime/run-view.ts';
import { alertsAddress, followupAddress } from '../base/addresses.ts';
import { Mark } from '../ui/outcome.tsx';
import { Section } from '../ui/section.tsx';
import { useRunItems } from './queries.ts';
import { useTasksTexts } from './texts.ts';
import { useReasons } from './words.ts';

/** The tasks whose documents say which run decided about them, with the page of one. */
const ADDRESSES: Record<string, (id: string) => string> = {
  'process-followups': followupAddress,
  'check-delay-alerts': alertsAddress,
};

/** Lists what a run did, one by one: each with its reason and the way to it. */
export function Items({ run: { id, task } }: { run: RunView }) {
  const { run } = useTasksTexts();
  const reasonText = useReasons(task);
  const addressOf = ADDRESSES[task ?? ''];
  const { data } = useRunItems(id, addressOf !== undefined);
  if (!addressOf || !data || data.items.length === 0) return null;
  return (
    <Section id="items" title={run.items}>
      {data.more && (
        <Text size="sm" c="dimmed">
          {run.itemsFirst(data.items.length)}
        </Text>
      )}
      <ul className="lines">
        {data.items.map((item) => (
          <li key={`${item.id} ${item.reason}`} className="line run-item wrapped">
            <Link href={addressOf(item.id)}>{item.name}</Link>
            <span className="dimmed">{item.who}</span>
            <Mark color={item.reason === 'sent' ? 'teal' : 'gray'}>{reasonText(item.reason)}</Mark>
          </li>
        ))}
      </ul>
    </Section>
  );
}
