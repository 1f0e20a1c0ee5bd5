import { Text } from '@mantine/core';
import { Link } from 'wouter';
import type { Activation as Effects } from '../../../../shared/domains/followups/activation.ts';
import { followupAddress } from '../base/addresses.ts';
import { instant } from '../base/format.ts';
import { useLanguage } from '../base/language.tsx';
import { useBillingTexts } from './texts.ts';

/** The mails that would go out now, those that are held, and the first recipients. */
export function Activation({ effects }: { effects: Effects }) {
  const { language } = useLanguage();
  const texts = useBillingTexts();
  return (
    <div role="status">
      <ul className="reasons">
        {effects.would_send_now === 0 ? (
          <li>{texts.nobody}</li>
        ) : (
          <>
            <li>{texts.wouldSend(effects.would_send_now)}</li>
            <li>{texts.firstRun(effects.first_run)}</li>
          </>
        )}
        {effects.held > 0 && <li>{texts.held(effects.held)}</li>}
      </ul>
      {effects.next.length > 0 && (
        <>
          <Text fw={600}>{texts.next}</Text>
          <ul className="reasons wrapped">
            {effects.next.map(({ id, source_label, customer, email, next_due_at }) => (
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
