import { Button, Paper } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'wouter';
import type { HomeView } from '../../../api/home/views.ts';
import { useHomeTexts } from './texts.ts';

const KEY = 'ronde-set-up-hidden';

/** The parts of the product in the order in which one sets them up, each with the page that does it. */
const PARTS = [
  { part: 'organisations', href: '/followups' },
  { part: 'mailboxes', href: '/inbox?view=mailboxes' },
  { part: 'recipients', href: '/alerts' },
  { part: 'visits', href: '/visits' },
] as const;

/** A check list of the parts that are not set up. It starts open in an empty cloud, and disappears when all is done or a person hides it. */
export function SetUp({ done }: { done: HomeView['set_up'] }) {
  const texts = useHomeTexts();
  const [isHidden, hide] = useState(() => localStorage.getItem(KEY) === 'yes');
  const count = PARTS.filter(({ part }) => done[part]).length;
  if (isHidden || count === PARTS.length) return null;
  const hideForGood = () => {
    localStorage.setItem(KEY, 'yes');
    hide(true);
  };
  return (
    <Paper withBorder radius="md" px="md" py="xs">
      <details open={count === 0}>
        <summary>{texts.setUp.title(count, PARTS.length)}</summary>
        <ul className="checks">
          {PARTS.map(({ part, href }) => (
            <li key={part} className={done[part] ? 'check-done' : 'check-open'}>
              {done[part] ? <span>{texts.setUp[part]}</span> : <Link href={href}>{texts.setUp[part]}</Link>}{' '}
              <span className="dimmed">({done[part] ? texts.setUp.done : texts.setUp.open})</span>
            </li>
          ))}
        </ul>
        <Button size="compact-sm" variant="subtle" onClick={hideForGood}>
          {texts.setUp.hide}
        </Button>
      </details>
    </Paper>
  );
}
