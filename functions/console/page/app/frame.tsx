import { type ReactNode, useEffect, useRef } from 'react';
import { Link, useLocation } from 'wouter';
import { zoneHere } from '../base/format.ts';
import { useLanguage } from '../base/language.tsx';
import { Lantern } from './lantern.tsx';
import { LanguageChoice, Menu, ThemeSwitch } from './menu.tsx';
import { isHere, PAGES } from './navigation.ts';
import { SearchBox } from './search-box.tsx';
import { useShortcuts } from './shortcuts.ts';

interface Props {
  /** The signed-in user. Without one, the links to the pages are hidden. */
  account?: { name: string; signOut(): void };
  children: ReactNode;
}

/** The frame of every page: one line of header at any width, the page, and the zone of its times. */
export function Frame({ account, children }: Props) {
  const { texts } = useLanguage();
  const main = useRef<HTMLElement>(null);
  const [path] = useLocation();
  const before = useRef(path);
  useShortcuts(account !== undefined);
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
          <Link href="/" className="brand" aria-label="Ronde">
            <Lantern size={28} /> <strong>Ronde</strong>
          </Link>
          {account ? (
            <>
              <nav className="header-pages" aria-label={texts.nav.main}>
                <Pages path={path} />
              </nav>
              <SearchBox />
              <Menu account={account}>
                <nav className="menu-pages" aria-label={texts.nav.main}>
                  <Pages path={path} />
                  <Link href="/search" className="page-link">
                    {texts.nav.search}
                  </Link>
                </nav>
              </Menu>
            </>
          ) : (
            <>
              <div className="grow" />
              <LanguageChoice />
              <ThemeSwitch />
            </>
          )}
        </div>
      </header>
      <main id="main" className="page" tabIndex={-1} ref={main}>
        {children}
      </main>
      {account && <footer className="footer dimmed">{texts.nav.zone(zoneHere())}</footer>}
    </>
  );
}

function Pages({ path }: { path: string }) {
  const { texts } = useLanguage();
  return PAGES.map((page) => {
    const name = texts.nav[page.name] as string;
    return (
      <Link
        key={page.to}
        href={page.to}
        className="page-link"
        aria-current={isHere(page, path) ? 'page' : undefined}
        title={texts.nav.keys(page.letter)}
        data-name={name}
      >
        {name}
      </Link>
    );
  });
}
