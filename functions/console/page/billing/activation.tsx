import { Text } from '@mantine/core';
import { Link } from 'wouter';
import type { Activation as Told } from '../../../../shared/domains/followups/activation.ts';
import { followupAddress } from '../base/addresses.ts';
import { instant } from '../base/format.ts';
import { useLanguage } from '../base/language.tsx';
import { useBillingTexts } from './texts.ts';

/** What would go out now, what is held, and who would get the first mails. */
export function Activation({ told }: { told: Told }) {
  const { language } = useLanguage();
  const texts = useBillingTexts();
  return (
    <div role="status">
      <ul className="reasons">
        {told.would_send_now === 0 ? (
          <li>{texts.nobody}</li>
        ) : (
          <>
            <li>{texts.wouldSend(told.would_send_now)}</li>
            <li>{texts.firstRun(told.first_run)}</li>
          </>
        )}
        {told.held > 0 && <li>{texts.held(told.held)}</li>}
      </ul>
      {told.next.length > 0 && (
        <>
          <Text fw={600}>{texts.next}</Text>
          <ul className="reasons wrapped">
            {told.next.map(({ id, source_label, customer, email, next_due_at }) => (
              <li key={id}>
                <Link href={followupAddress(id)}>{source_label}</Link> ·{' '}
                {[customer, email].filter(Boolean).join(' · ')}{' '}
                <span className="dimmed">{instant(next_due_at, language)}</span>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}
