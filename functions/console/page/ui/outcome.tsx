import { Badge } from '@mantine/core';
import type { RunOutcome } from '../../../../shared/runtime/run-view.ts';
import { useLanguage } from '../base/language.tsx';

/** The mood of an outcome: green did its work, grey had none, yellow in part, red did not, blue is at it. */
const COLORS: Record<NonNullable<RunOutcome>, string> = {
  succeeded: 'teal',
  nothing_to_do: 'gray',
  skipped_overlap: 'gray',
  deduplicated: 'gray',
  dispatched: 'blue',
  partial: 'orange',
  failed: 'red',
  abandoned: 'red',
};

export function colorOf(outcome: RunOutcome): string {
  return outcome === null ? 'blue' : COLORS[outcome];
}

/** How a run ended, in a word and a colour. */
export function Outcome({ outcome }: { outcome: RunOutcome }) {
  const { texts } = useLanguage();
  return <Mark color={colorOf(outcome)}>{texts.outcome[outcome ?? 'running']}</Mark>;
}

/** A word with a colour at its side; the word alone says it all. */
export function Mark({ color, children }: { color: string; children: string }) {
  return (
    <Badge color={color} variant="light" radius="sm" className={`badge badge-${color}`}>
      {children}
    </Badge>
  );
}
