import { type KeyboardEvent, type PointerEvent, useId, useState } from 'react';
import { Link, useLocation } from 'wouter';
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
/** Keys that move along the strip; the newest run is the first. */
const STEPS: Record<string, number> = { ArrowLeft: 1, ArrowRight: -1 };

/**
 * The outcomes of the last runs, the newest on the right. A click opens a run; a finger or the arrow keys choose one
 * first, and Enter or its link opens it.
 */
export function Strip({ runs, name }: { runs: readonly RunLine[]; name: string }) {
  const { language, texts } = useLanguage();
  const words = useTasksTexts();
  const [, go] = useLocation();
  const [chosen, choose] = useState<number | null>(null);
  const id = useId();
  const shown = runs.slice(0, STRIP);
  const outcomeOf = (run: RunLine) => texts.outcome[run.outcome ?? 'running'];
  const sums = Map.groupBy(shown, outcomeOf);
  const parts = [...sums].map(([word, { length }]) => `${length} ${word}`).join(', ');
  const run = chosen === null ? undefined : shown[chosen];
  const onKeyDown = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (step !== undefined) choose(Math.min(shown.length - 1, Math.max(0, (chosen ?? -step) + step)));
    else if (event.key === 'Enter' && run) go(runAddress(run.id));
    else return;
    event.preventDefault();
  };
  const onPointerUp = ({ pointerType }: PointerEvent, index: number) => {
    if (pointerType === 'touch') choose(index);
    else go(runAddress(shown[index]?.id ?? ''));
  };
  if (shown.length === 0) return <span className="strip" />;
  return (
    <div className="strip-box">
      <div
        className="strip-list"
        role="listbox"
        tabIndex={0}
        aria-label={`${name}${texts.colon}${words.list.strip(shown.length, parts)}`}
        aria-activedescendant={run ? `${id}-${chosen}` : undefined}
        onKeyDown={onKeyDown}
        onBlur={({ relatedTarget }) => relatedTarget || choose(null)}
      >
        <svg
          className="strip"
          viewBox={`0 0 ${STRIP * WIDTH} ${HEIGHT}`}
          preserveAspectRatio="none"
          role="presentation"
        >
          {shown.map((one, index) => (
            <Bar
              key={one.id}
              id={`${id}-${index}`}
              color={colorOf(one.outcome)}
              index={index}
              isChosen={index === chosen}
              label={`${instant(one.started_at, language)} · ${outcomeOf(one)}`}
              open={(event) => onPointerUp(event, index)}
            />
          ))}
        </svg>
      </div>
      {run && (
        <Link href={runAddress(run.id)} className="strip-run">
          {instant(run.started_at, language)} · {outcomeOf(run)}
        </Link>
      )}
    </div>
  );
}

interface BarProps {
  id: string;
  color: string;
  index: number;
  isChosen: boolean;
  label: string;
  open(event: PointerEvent): void;
}

function Bar({ id, color, index, isChosen, label, open }: BarProps) {
  const height = HEIGHT * (SHARES[color] ?? 0.4);
  return (
    <rect
      id={id}
      role="option"
      aria-label={label}
      aria-selected={isChosen}
      className={`bar bar-${color}${isChosen ? ' bar-chosen' : ''}`}
      x={(STRIP - 1 - index) * WIDTH + 1}
      y={HEIGHT - height}
      width={WIDTH - 2}
      height={height}
      rx="1.5"
      onPointerUp={open}
    >
      <title>{label}</title>
    </rect>
  );
}
