import { useLocation } from 'wouter';
import type { RunLine } from '../../../../shared/runtime/run-view.ts';
import { runAddress } from '../base/addresses.ts';
import { instant } from '../base/format.ts';
import { useLanguage } from '../base/language.tsx';
import { colorOf } from '../ui/outcome.tsx';
import { STRIP } from './queries.ts';
import { useTasksTexts } from './texts.ts';

const WIDTH = 8;
const HEIGHT = 28;
/** Not by colour alone: what had nothing to do is low, what failed is high. */
const SHARES: Record<string, number> = { teal: 0.75, gray: 0.4, blue: 0.55, orange: 0.9, red: 1 };

/**
 * The outcomes of the last runs, the newest on the right. For a mouse each bar tells its run and leads to it; everybody
 * else has the sum as a text, and the list of all runs.
 */
export function Strip({ runs }: { runs: readonly RunLine[] }) {
  const { language, texts } = useLanguage();
  const words = useTasksTexts();
  const [, go] = useLocation();
  const shown = runs.slice(0, STRIP);
  const outcomeOf = (run: RunLine) => texts.outcome[run.outcome ?? 'running'];
  const sums = Map.groupBy(shown, outcomeOf);
  const parts = [...sums].map(([word, { length }]) => `${length} ${word}`).join(', ');
  return (
    <svg
      className="strip"
      viewBox={`0 0 ${STRIP * WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={words.rounds.strip(shown.length, parts)}
    >
      {shown.map((run, index) => {
        const color = colorOf(run.outcome);
        const height = HEIGHT * (SHARES[color] ?? 0.4);
        return (
          // biome-ignore lint/a11y/noStaticElementInteractions: a short cut for the mouse; the same is in the list of runs
          <rect
            key={run.id}
            className={`bar bar-${color}`}
            x={(STRIP - 1 - index) * WIDTH + 1}
            y={HEIGHT - height}
            width={WIDTH - 2}
            height={height}
            rx="1.5"
            onClick={() => go(runAddress(run.id))}
          >
            <title>{`${instant(run.started_at, language)} · ${outcomeOf(run)}`}</title>
          </rect>
        );
      })}
    </svg>
  );
}
