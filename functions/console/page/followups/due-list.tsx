import { Title } from '@mantine/core';
import type { ExplainedFollowup } from '../../api/followups/views.ts';
import { now } from '../base/clock.ts';
import { FollowupLine } from './line.tsx';
import { isEndless } from './money.ts';
import { useFollowupsTexts } from './texts.ts';

const DAY_MS = 86_400_000;
const WEEK_DAYS = 7;

type Group = 'now' | 'today' | 'tomorrow' | 'week' | 'later' | 'endless';

/** The planned follow-ups, grouped by calendar days. */
export function DueList({ items }: { items: readonly ExplainedFollowup[] }) {
  const texts = useFollowupsTexts();
  const groups = [...Map.groupBy(items, ({ next_due_at }) => groupOf(next_due_at))];
  return groups.map(([group, list]) => (
    <section key={group} aria-label={texts.groups[group]}>
      <Title order={2} size="h4">
        {texts.group(texts.groups[group], list.length)}
      </Title>
      <ul className="lines">
        {list.map((followup) => (
          <FollowupLine key={followup.id} followup={followup} at={followup.next_due_at} />
        ))}
      </ul>
    </section>
  ));
}

/** By the calendar of who looks. */
function groupOf(iso: string | null | undefined): Group {
  if (!iso || isEndless(iso)) return 'endless';
  const due = new Date(iso);
  const today = now();
  if (due <= today) return 'now';
  const midnight = new Date(today.getFullYear(), today.getMonth(), today.getDate());
  const days = Math.floor((due.getTime() - midnight.getTime()) / DAY_MS);
  if (days === 0) return 'today';
  if (days === 1) return 'tomorrow';
  return days < WEEK_DAYS ? 'week' : 'later';
}
