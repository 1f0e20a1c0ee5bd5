import { Button, NativeSelect, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { type ReactNode, useEffect, useRef } from 'react';
import { Link, useLocation } from 'wouter';
import { LANGUAGE_CHOICES, type Language, useLanguage } from '../base/language.tsx';
import { Lantern } from './lantern.tsx';

interface Props {
  /** The signed-in user. Without one, the links to the pages are hidden. */
  account?: { name: string; signOut(): void };
  children: ReactNode;
}

/** The frame of every page. */
export function Frame({ account, children }: Props) {
  const { texts } = useLanguage();
  const main = useRef<HTMLElement>(null);
  const [path] = useLocation();
  const before = useRef(path);
  // A page that came by a link is read from its beginning.
  useEffect(() => {
    if (before.current === path) return;
    before.current = path;
    window.scrollTo(0, 0);
    main.current?.focus();
  }, [path]);
  return (
    <>
      <a className="skip" href="#main">
        {texts.nav.skip}
      </a>
      <header className="header">
        <div className="header-inner">
          <Lantern size={28} />
          <strong className="brand">Ronde</strong>
          {account ? <Navigation path={path} /> : <div className="grow" />}
          <LanguageChoice />
          <ThemeSwitch />
          {account && (
            <Button size="compact-sm" variant="default" onClick={account.signOut} title={account.name}>
              {texts.signIn.out}
            </Button>
          )}
        </div>
      </header>
      <main id="main" className="page" tabIndex={-1} ref={main}>
        {children}
      </main>
    </>
  );
}

function Navigation({ path }: { path: string }) {
  const { texts } = useLanguage();
  const pages = [
    {
      to: '/',
      name: texts.nav.rounds,
      here: path === '/' || path.startsWith('/runs') || path === '/incidents',
    },
    {
      to: '/followups',
      name: texts.nav.followups,
      here: path.startsWith('/followups') || path.startsWith('/billing'),
    },
    { to: '/inbox', name: texts.nav.inbox, here: path.startsWith('/inbox') },
    { to: '/alerts', name: texts.nav.alerts, here: path === '/alerts' },
    { to: '/visits', name: texts.nav.visits, here: path === '/visits' },
    { to: '/presence', name: texts.nav.presence, here: path === '/presence' },
    { to: '/settings', name: texts.nav.settings, here: path === '/settings' },
  ];
  return (
    <nav aria-label={texts.nav.main}>
      {pages.map(({ to, name, here }) => (
        <Link key={to} href={to} aria-current={here ? 'page' : undefined}>
          {name}
        </Link>
      ))}
    </nav>
  );
}

function LanguageChoice() {
  const { language, texts, speak } = useLanguage();
  return (
    <NativeSelect
      size="xs"
      w={92}
      aria-label={texts.language}
      value={language}
      onChange={({ currentTarget }) => speak(currentTarget.value as Language)}
      data={LANGUAGE_CHOICES}
    />
  );
}

function ThemeSwitch() {
  const { texts } = useLanguage();
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme('light') === 'dark';
  const name = dark ? texts.theme.toLight : texts.theme.toDark;
  return (
    <Button
      size="compact-sm"
      variant="default"
      aria-label={name}
      title={name}
      onClick={() => setColorScheme(dark ? 'light' : 'dark')}
    >
      <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
        <circle cx="8" cy="8" r="6.5" fill="none" stroke="currentColor" strokeWidth="1.5" />
        <path d="M8 1.5a6.5 6.5 0 0 1 0 13z" fill="currentColor" />
      </svg>
    </Button>
  );
}
