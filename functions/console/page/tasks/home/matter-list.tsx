import { Button } from '@mantine/core';
import { Link } from 'wouter';
import { instant } from '../../base/format.ts';
import { useLanguage } from '../../base/language.tsx';
import type { Matter } from './matter.ts';
import { useTake } from './queries.ts';
import { useHomeTexts } from './texts.ts';

/** Every open matter in a line: what is wrong, since when, what to do, and the way there. */
export function MatterList({ matters }: { matters: readonly Matter[] }) {
  const texts = useHomeTexts();
  if (matters.length === 0) return null;
  return (
    <ul className="matters" aria-label={texts.mattersName}>
      {matters.map((matter) => (
        <MatterLine key={matter.id} matter={matter} />
      ))}
    </ul>
  );
}

function MatterLine({ matter: { color, title, href, facts, links, remedy, incident } }: { matter: Matter }) {
  return (
    <li className={`matter matter-${color} wrapped`}>
      <div>
        <Link href={href} className="matter-title">
          {title}
        </Link>{' '}
        <span className="dimmed">{facts.join(' ')}</span>
        {links.length > 0 && (
          <span className="matter-links">
            {links.map(({ href: to, label }) => (
              <Link key={to} href={to}>
                {label}
              </Link>
            ))}
          </span>
        )}
        <div>{remedy}</div>
      </div>
      {incident && <Taken incident={incident} />}
    </li>
  );
}

/** Names the person who attends to an incident; a button while it is nobody. */
function Taken({
  incident: { id, acknowledged_at, acknowledged_by },
}: {
  incident: NonNullable<Matter['incident']>;
}) {
  const { language } = useLanguage();
  const texts = useHomeTexts();
  const { mutate, isPending } = useTake();
  if (acknowledged_at)
    return (
      <span className="dimmed">
        {texts.taken(acknowledged_by ?? '–', instant(acknowledged_at, language))}
      </span>
    );
  return (
    <Button size="compact-sm" variant="default" loading={isPending} onClick={() => mutate(id)}>
      {texts.take}
    </Button>
  );
}
