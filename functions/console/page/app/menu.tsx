import { Button, NativeSelect, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { type ReactNode, useEffect, useRef } from 'react';
import { useLocation } from 'wouter';
import { LANGUAGE_CHOICES, type Language, useLanguage } from '../base/language.tsx';

interface Props {
  account: { name: string; signOut(): void };
  /** The links to the pages, for screens that are too narrow for them. */
  children: ReactNode;
}

/** Holds the language, the theme and the sign-out; on a narrow screen the pages too. */
export function Menu({ account, children }: Props) {
  const { texts } = useLanguage();
  const panel = useRef<HTMLDivElement>(null);
  const [path] = useLocation();
  // Another page closes the menu.
  useEffect(() => {
    if (path) panel.current?.hidePopover();
  }, [path]);
  return (
    <>
      <button type="button" className="menu-button" popoverTarget="menu" title={account.name}>
        <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
          <path d="M1 3h14M1 8h14M1 13h14" stroke="currentColor" strokeWidth="2" />
        </svg>{' '}
        {texts.nav.menu}
      </button>
      <div id="menu" popover="auto" className="menu" ref={panel}>
        {children}
        <div className="menu-line dimmed wrapped">{account.name}</div>
        <div className="menu-line">
          <LanguageChoice />
          <ThemeSwitch />
        </div>
        <div className="menu-line">
          <Button size="compact-sm" variant="default" onClick={account.signOut}>
            {texts.signIn.out}
          </Button>
        </div>
        <p className="menu-keys dimmed">{texts.nav.shortcuts}</p>
      </div>
    </>
  );
}

export function LanguageChoice() {
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

export function ThemeSwitch() {
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
