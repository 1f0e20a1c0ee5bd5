import { Stack, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import type { Found, PersonView } from '../../api/search/views.ts';
import { followupAddress } from '../base/addresses.ts';
import { instant } from '../base/format.ts';
import { useLanguage } from '../base/language.tsx';
import { useSignedIn } from '../base/signed-in.ts';
import { useTitle } from '../base/title.ts';
import { Facts } from '../ui/facts.tsx';
import { Section } from '../ui/section.tsx';
import { Empty, Failure, Loading } from '../ui/state.tsx';
import { usePeopleTexts } from './texts.ts';

/** One customer or user: their follow-ups, their mails, and when they were last seen. */
export default function PersonPage({ id }: { id: string }) {
  const texts = usePeopleTexts();
  const { api } = useSignedIn();
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['person', id],
    queryFn: ({ signal }) => api.get<PersonView>(`/v1/admin/people/${encodeURIComponent(id)}`, signal),
  });
  const name = data?.user?.display_name || data?.address || id;
  useTitle(name);
  if (isPending) return <Loading />;
  if (!data) return <Failure error={error} retry={() => void refetch()} missing={texts.missing} />;
  return (
    <Stack gap="lg">
      <Title order={1} size="h2" className="wrapped">
        {name}
      </Title>
      <About person={data} />
      <List
        id="followups"
        title={texts.followups}
        none={texts.noFollowups}
        items={data.followups}
        addressOf={followupAddress}
      />
      <List
        id="mails"
        title={texts.mails}
        none={texts.noMails}
        items={data.mails}
        addressOf={(thread) => `/inbox/threads/${encodeURIComponent(thread)}`}
      />
    </Stack>
  );
}

function About({ person: { address, user } }: { person: PersonView }) {
  const { language } = useLanguage();
  const texts = usePeopleTexts();
  return (
    <Facts
      facts={[
        [texts.address, address],
        [texts.user, user ? user.id : texts.noUser],
        [texts.role, user?.role],
        [texts.seen, user?.last_activity_at && instant(user.last_activity_at, language)],
        [texts.signedOut, user?.logged_out_at && instant(user.logged_out_at, language)],
      ]}
    />
  );
}

interface ListProps {
  id: string;
  title: string;
  none: string;
  items: readonly Found[];
  addressOf(id: string): string;
}

function List({ id, title, none, items, addressOf }: ListProps) {
  const texts = usePeopleTexts();
  return (
    <Section id={id} title={title}>
      {items.length === 0 && <Empty>{none}</Empty>}
      <ul className="lines">
        {items.map((item) => (
          <li key={item.id} className="line found wrapped">
            <Link href={addressOf(item.id)}>{item.name || texts.noSubject}</Link>
            <span className="dimmed">{item.more}</span>
          </li>
        ))}
      </ul>
    </Section>
  );
}
