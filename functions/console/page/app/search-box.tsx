import { type FormEvent, useEffect, useRef } from 'react';
import { useLocation, useSearchParams } from 'wouter';
import { useLanguage } from '../base/language.tsx';

/** The one box that finds a customer, a number, an address, a ticket, a mail, a person or a run. */
export function SearchBox() {
  const { texts } = useLanguage();
  const [path, go] = useLocation();
  const [params] = useSearchParams();
  const asked = path === '/search' ? (params.get('q') ?? '') : '';
  const box = useRef<HTMLInputElement>(null);
  // The box shows what the page answers, after the browser's way back too.
  useEffect(() => {
    if (box.current) box.current.value = asked;
  }, [asked]);
  const search = (event: FormEvent) => {
    event.preventDefault();
    const text = box.current?.value.trim() ?? '';
    if (text !== '') go(`/search?${new URLSearchParams({ q: text })}`);
  };
  return (
    <search className="header-search">
      <form onSubmit={search}>
        <input
          ref={box}
          type="search"
          enterKeyHint="search"
          aria-label={texts.nav.search}
          placeholder={texts.nav.searchKey}
          maxLength={200}
        />
      </form>
    </search>
  );
}
