import { Code } from '@mantine/core';
import { Link } from 'wouter';
import type { HistoryLine, LevelSend } from '../../../../shared/domains/followups/show.ts';
import { runAddress } from '../base/addresses.ts';
import { instant } from '../base/format.ts';
import { useLanguage, worded } from '../base/language.tsx';
import { Mark } from '../ui/outcome.tsx';
import { Empty } from '../ui/state.tsx';
import { useFollowupsTexts } from './texts.ts';

const COLORS: Partial<Record<LevelSend['state'], string>> = {
  sent: 'teal',
  failed: 'red',
  unknown: 'orange',
};

/** The mails of the levels so far. */
export function Levels({ sends }: { sends: readonly LevelSend[] }) {
  const { language } = useLanguage();
  const texts = useFollowupsTexts();
  if (sends.length === 0) return <Empty>{texts.one.noMails}</Empty>;
  return (
    <ul className="lines">
      {sends.map(({ id, state, message_id, response, ...send }) => (
        <li key={id} className="line level wrapped">
          <strong>{texts.one.level(Number(id))}</strong>
          <Mark color={COLORS[state] ?? 'gray'}>{worded(texts.send.states, state)}</Mark>
          <span>{instant(send.sent_at ?? send.settled_at ?? send.claimed_at, language)}</span>
          <span className="dimmed">
            {message_id && <code>{message_id}</code>} {response}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** Every decision with its reason in words, newest first. */
export function HistoryLines({ lines }: { lines: readonly HistoryLine[] }) {
  const texts = useFollowupsTexts();
  if (lines.length === 0) return <Empty>{texts.one.noHistory}</Empty>;
  return (
    <ul className="lines">
      {lines.map((line) => (
        <Line key={line.id} line={line} />
      ))}
    </ul>
  );
}

function Line({ line: { at, reason, level, detail, response, run_id, by } }: { line: HistoryLine }) {
  const { language } = useLanguage();
  const texts = useFollowupsTexts();
  return (
    <li className="line history wrapped">
      <span className="dimmed">{instant(at, language, true)}</span>
      <span className="dimmed">{level > 0 && texts.one.atLevel(level)}</span>
      <span>
        {worded(texts.reasons, reason)}{' '}
        {run_id ? (
          <Link href={runAddress(run_id)}>{texts.one.byRun}</Link>
        ) : (
          by && <span className="dimmed">{texts.one.by(by)}</span>
        )}
        {[detail, response].filter(Boolean).map((said) => (
          <Code key={said} className="wrapped said">
            {said}
          </Code>
        ))}
      </span>
    </li>
  );
}
