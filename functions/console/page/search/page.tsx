import { Stack, Text, Title } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { type FormEvent, useRef } from 'react';
import { Link, useLocation, useSearchParams } from 'wouter';
import type { Found, FoundKind, SearchAnswer } from '../../api/search/views.ts';
import { followupAddress, personAddress, runAddress, ticketAddress } from '../base/addresses.ts';
import { whole } from '../base/format.ts';
import { useLanguage } from '../base/language.tsx';
import { useSignedIn } from '../base/signed-in.ts';
import { useTitle } from '../base/title.ts';
import { Section } from '../ui/section.tsx';
import { Empty, Failure, Loading } from '../ui/state.tsx';
import { useSearchTexts } from './texts.ts';

/** The way to each kind of thing that is found. */
const ADDRESSES: Record<FoundKind, (id: string) => string> = {
  followups: followupAddress,
  tickets: ticketAddress,
  mails: (thread) => `/inbox/threads/${encodeURIComponent(thread)}`,
  people: personAddress,
  runs: runAddress,
};

/** Shows the search results by kind. The address keeps the search text. */
export default function SearchPage() {
  const texts = useSearchTexts();
  const [params] = useSearchParams();
  const asked = params.get('q')?.trim() ?? '';
  useTitle(asked ? texts.titleOf(asked) : texts.title);
  return (
    <Stack gap="lg">
      <div>
        <Title order={1} size="h2" className="wrapped">
          {asked ? texts.titleOf(asked) : texts.title}
        </Title>
        <Text c="dimmed">{texts.help}</Text>
      </div>
      <Box key={asked} asked={asked} />
      {asked !== '' && <Answer asked={asked} />}
    </Stack>
  );
}

/** The box once more, for screens whose header has no room for it. */
function Box({ asked }: { asked: string }) {
  const { texts } = useLanguage();
  const [, go] = useLocation();
  const box = useRef<HTMLInputElement>(null);
  const search = (event: FormEvent) => {
    event.preventDefault();
    const text = box.current?.value.trim() ?? '';
    if (text !== '') go(`/search?${new URLSearchParams({ q: text })}`);
  };
  return (
    <form className="page-search" onSubmit={search}>
      <input
        ref={box}
        type="search"
        enterKeyHint="search"
        aria-label={texts.nav.search}
        defaultValue={asked}
        maxLength={200}
        // biome-ignore lint/a11y/noAutofocus: one comes here to type
        autoFocus={asked === ''}
      />
    </form>
  );
}

function Answer({ asked }: { asked: string }) {
  const texts = useSearchTexts();
  const { api } = useSignedIn();
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['search', asked],
    queryFn: ({ signal }) =>
      api.get<SearchAnswer>(`/v1/admin/search?${new URLSearchParams({ q: asked })}`, signal),
    placeholderData: keepPreviousData,
  });
  if (isPending) return <Loading />;
  if (!data) return <Failure error={error} retry={() => void refetch()} />;
  const kinds = (Object.keys(ADDRESSES) as FoundKind[]).filter((kind) => data[kind].items.length > 0);
  if (kinds.length === 0) return <Empty>{texts.none}</Empty>;
  return kinds.map((kind) => <Kind key={kind} kind={kind} found={data[kind]} />);
}

function Kind({ kind, found: { items, more } }: { kind: FoundKind; found: SearchAnswer[FoundKind] }) {
  const { language } = useLanguage();
  const texts = useSearchTexts();
  const count = whole(items.length, language);
  return (
    <Section id={kind} title={`${texts.kinds[kind]} · ${more ? texts.atLeast(count) : texts.found(count)}`}>
      <ul className="lines">
        {items.map((item) => (
          <Line key={`${item.id} ${item.name}`} href={ADDRESSES[kind](item.id)} item={item} />
        ))}
      </ul>
    </Section>
  );
}

function Line({ href, item }: { href: string; item: Found }) {
  const texts = useSearchTexts();
  return (
    <li className="line found wrapped">
      <Link href={href}>{item.name || texts.noSubject}</Link>
      <span className="dimmed">{item.more}</span>
    </li>
  );
}
