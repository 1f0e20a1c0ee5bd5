import { useFollowupsTexts } from './texts.ts';

const SIZE = 12;

/** How many levels have been sent: full ones before empty ones, and the same in words for who does not see them. */
export function Pips({ sent, all }: { sent: number; all: number }) {
  const texts = useFollowupsTexts();
  const count = Math.max(sent, all);
  return (
    <svg
      className="pips"
      width={count * SIZE}
      height={SIZE}
      viewBox={`0 0 ${count * SIZE} ${SIZE}`}
      role="img"
      aria-label={texts.levels(sent, count)}
    >
      <title>{texts.levels(sent, count)}</title>
      {Array.from({ length: count }, (_, index) => (
        <circle
          key={index}
          cx={index * SIZE + SIZE / 2}
          cy={SIZE / 2}
          r={SIZE / 2 - 2}
          className={index < sent ? 'pip-sent' : 'pip-open'}
        />
      ))}
    </svg>
  );
}
