import { Badge } from '@mantine/core';
import { useLanguage, worded } from '../language.tsx';

/** The mood of an outcome: green did its work, grey had none, yellow in part, red did not, blue is at it. */
const COLORS: Record<string, string> = {
  succeeded: 'teal',
  nothing_to_do: 'gray',
  skipped_overlap: 'gray',
  deduplicated: 'gray',
  dispatched: 'blue',
  partial: 'orange',
  failed: 'red',
  abandoned: 'red',
};

export function colorOf(outcome: string | null): string {
  return outcome === null ? 'blue' : (COLORS[outcome] ?? 'gray');
}

/** How a run ended, in a word and a colour. */
export function Outcome({ outcome }: { outcome: string | null }) {
  const { texts } = useLanguage();
  return (
    <Badge color={colorOf(outcome)} variant="light" radius="sm" className="badge">
      {worded(texts.outcome, outcome ?? 'running')}
    </Badge>
  );
}
