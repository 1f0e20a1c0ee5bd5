import { Link } from 'wouter';
import type { Explanation } from '../../../../shared/domains/followups/show.ts';
import type { ExplainedFollowup } from '../../api/followups/views.ts';
import { followupAddress } from '../base/addresses.ts';
import { instant } from '../base/format.ts';
import { useLanguage } from '../base/language.tsx';
import { Mark } from '../ui/outcome.tsx';
import { isEndless, money, nameOf } from './money.ts';
import { Pips } from './pips.tsx';
import { useFollowupsTexts } from './texts.ts';

/** The mood of a decision: blue goes, grey waits, orange wants somebody. */
const COLORS: Record<Explanation['decision'], string> = {
  send: 'blue',
  wait: 'gray',
  park: 'orange',
  end: 'gray',
};

/** One follow-up of a list: when, what, for whom, how far it is, and what a run would say now. */
export function FollowupLine({
  followup,
  at,
}: {
  followup: ExplainedFollowup;
  at: string | null | undefined;
}) {
  const { language } = useLanguage();
  const texts = useFollowupsTexts();
  const { customer, explanation, parked } = followup;
  const reason = parked?.reason ?? explanation?.reason ?? 'bad_settings';
  return (
    <li className="line followup wrapped">
      <span className="dimmed">{isEndless(at) ? '–' : instant(at, language)}</span>
      <span>
        <Link href={followupAddress(followup.id)}>{nameOf(followup)}</Link>
        <br />
        <span className="dimmed">{customer?.name ?? customer?.email ?? '–'}</span>
      </span>
      <span className="amount">{money(followup, language)}</span>
      <Pips sent={followup.level ?? 0} all={explanation?.levels ?? 0} />
      <Mark color={COLORS[explanation?.decision ?? 'park']}>{texts.reasons[reason]}</Mark>
    </li>
  );
}
