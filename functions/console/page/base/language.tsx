import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react';
import { en, type Texts } from './en.ts';
import { fr } from './fr.ts';

const LANGUAGES = { fr, en } as const;
export type Language = keyof typeof LANGUAGES;

/** The languages as a field offers them. */
export const LANGUAGE_CHOICES = Object.entries(LANGUAGES).map(([value, { name }]) => ({
  value,
  label: name,
}));

const KEY = 'ronde-language';

interface Spoken {
  language: Language;
  texts: Texts;
  speak(language: Language): void;
}

const Context = createContext<Spoken | null>(null);

/** The language of everything below: as chosen here before, else as the browser prefers. */
export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState(preferred);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const spoken = useMemo(
    () => ({
      language,
      texts: LANGUAGES[language],
      speak(chosen: Language) {
        localStorage.setItem(KEY, chosen);
        setLanguage(chosen);
      },
    }),
    [language],
  );
  return <Context value={spoken}>{children}</Context>;
}

function preferred(): Language {
  const known = [localStorage.getItem(KEY), ...navigator.languages].map((tag) => tag?.slice(0, 2));
  return known.find((tag): tag is Language => tag === 'fr' || tag === 'en') ?? 'en';
}

export function useLanguage(): Spoken {
  const spoken = useContext(Context);
  if (!spoken) throw new Error('useLanguage is used outside LanguageProvider');
  return spoken;
}

/** The words of one page, which come with it: `table` has them in every language. */
export function useWords<T>(table: Record<Language, T>): T {
  return table[useLanguage().language];
}

/** Returns the words for a code of the API, or the code itself without words. */
export function worded(words: Record<string, string>, code: string | null): string {
  return code === null ? '' : Object.hasOwn(words, code) ? (words[code] as string) : code;
}
