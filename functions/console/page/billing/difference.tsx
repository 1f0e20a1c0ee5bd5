import { Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { Link } from 'wouter';
import type { BillingChange } from '../../api/followups/billing-change.ts';
import type { WhatIfAnswer } from '../../api/followups/views.ts';
import { followupAddress } from '../base/addresses.ts';
import { now } from '../base/clock.ts';
import { instant } from '../base/format.ts';
import { useLanguage } from '../base/language.tsx';
import { useSignedIn } from '../base/signed-in.ts';
import { useBillingTexts } from './texts.ts';

const DAY_MS = 86_400_000;
/** The days ahead that are compared: a month shows each level of most organisations. */
export const DAYS_AHEAD = 30;
const MAX_LISTED = 10;
const CHANGES = ['more', 'never', 'sooner', 'later'] as const;

/** Asks which mails of the next days differ from those by the saved settings. */
export function useWhatIf(orgId: string) {
  const { api } = useSignedIn();
  return useMutation({
    mutationFn: (settings: BillingChange) => {
      const until = new Date(now().getTime() + DAYS_AHEAD * DAY_MS).toISOString();
      return api.send<WhatIfAnswer>('POST', '/api/followups/what-if', { org_id: orgId, settings, until });
    },
  });
}

/** The mails that would differ, by kind of difference, and the first of them. */
export function Difference({ answer }: { answer: WhatIfAnswer }) {
  const { language } = useLanguage();
  const texts = useBillingTexts();
  const { by_change } = answer.difference;
  return (
    <div role="status">
      <ul className="reasons">
        {CHANGES.filter((change) => by_change[change]).map((change) => (
          <li key={change}>{texts.differs[change](by_change[change] ?? 0)}</li>
        ))}
      </ul>
      <Text fw={600}>{texts.next}</Text>
      <ul className="reasons wrapped">
        {answer.changed.slice(0, MAX_LISTED).map(({ id, level, source_label, to, at, saved_at }) => (
          <li key={`${id} ${level}`}>
            <Link href={followupAddress(id)}>{source_label}</Link> ·{' '}
            {[texts.level(level), to].filter(Boolean).join(' · ')}{' '}
            <span className="dimmed">
              {[saved_at, at]
                .map((when) => (when === null ? texts.notSent : instant(when, language)))
                .join(' → ')}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
