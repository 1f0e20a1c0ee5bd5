import { Button } from '@mantine/core';
import type { AlertState, AlertView } from '../../../../shared/domains/tickets/log.ts';
import { instant } from '../base/format.ts';
import { useLanguage } from '../base/language.tsx';
import { usePages } from '../base/pages.ts';
import { Mark } from '../ui/outcome.tsx';
import { Empty, Failure, Loading } from '../ui/state.tsx';
import { useAlertsTexts } from './texts.ts';

const COLORS: Partial<Record<AlertState, string>> = { sent: 'teal', failed: 'red', unknown: 'orange' };

/** The alerts and their recipients, newest first. */
export function AlertLog() {
  const texts = useAlertsTexts();
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } =
    usePages<AlertView>(['alert-log'], '/tickets/alerts/log', {});
  if (isPending) return <Loading />;
  if (!data) return <Failure error={error} retry={() => void refetch()} />;
  const entries = data.pages.flatMap(({ items }) => items);
  if (entries.length === 0) return <Empty>{texts.noLog}</Empty>;
  return (
    <>
      <ul className="lines">
        {entries.map((entry) => (
          <AlertLine key={entry.id} entry={entry} />
        ))}
      </ul>
      {hasNextPage && (
        <Button variant="default" mt="sm" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {texts.older}
        </Button>
      )}
    </>
  );
}

/** One alert: when, what became of it, about what, to whom. */
export function AlertLine({ entry }: { entry: AlertView }) {
  const { language } = useLanguage();
  const texts = useAlertsTexts();
  const { ticket_number, stage, days_in_stage, recipient, state, forced, message_id } = entry;
  return (
    <li className="line log wrapped">
      <span>{instant(entry.sent_at ?? entry.claimed_at, language)}</span>
      <Mark color={COLORS[state] ?? 'gray'}>{texts.states[state]}</Mark>
      <strong>{ticket_number}</strong>
      <span>{stage}</span>
      <span className="dimmed">{texts.days(Math.floor(days_in_stage))}</span>
      <span>
        {recipient} {forced && <span className="dimmed">{texts.forced}</span>}{' '}
        {state === 'unknown' && message_id && <code>{message_id}</code>}
      </span>
    </li>
  );
}
