import { Link } from 'wouter';
import { addressOf, isEndless, money, nameOf } from '../../followup-money.ts';
import type { Followup } from '../../followup-types.ts';
import { instant } from '../../format.ts';
import { useLanguage, worded } from '../../language.tsx';
import { useFollowupTexts } from '../../texts/followups.ts';
import { Mark } from '../outcome.tsx';
import { Pips } from './pips.tsx';

/** The mood of a decision: blue goes, grey waits, orange wants somebody. */
const COLORS: Record<string, string> = { send: 'blue', wait: 'gray', park: 'orange', end: 'gray' };

/** One follow-up of a list: when, what, for whom, how far it is, and what a run would say now. */
export function FollowupLine({ followup, at }: { followup: Followup; at: string | null | undefined }) {
  const { language } = useLanguage();
  const texts = useFollowupTexts();
  const { customer, explanation, parked } = followup;
  const reason = parked?.reason ?? explanation?.reason ?? 'bad_settings';
  return (
    <li className="line followup wrapped">
      <span className="dimmed">{isEndless(at) ? '–' : instant(at, language)}</span>
      <span>
        <Link href={addressOf(followup.id)}>{nameOf(followup)}</Link>
        <br />
        <span className="dimmed">{customer?.name ?? customer?.email ?? '–'}</span>
      </span>
      <span className="amount">{money(followup, language)}</span>
      <Pips sent={followup.level ?? 0} all={explanation?.levels ?? 0} />
      <Mark color={COLORS[explanation?.decision ?? 'park'] ?? 'gray'}>{worded(texts.reasons, reason)}</Mark>
    </li>
  );
}
