import { Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { DEFAULT_STALE_MINUTES } from '../../../../shared/domains/presence/limits.ts';
import type { PresenceView } from '../../api/presence/presence.ts';
import { useSignedIn } from '../base/signed-in.ts';
import { useTitle } from '../base/title.ts';
import { Section } from '../ui/section.tsx';
import { Failure, Loading } from '../ui/state.tsx';
import { Clean } from './clean.tsx';
import { People } from './people.tsx';
import { Report } from './report.tsx';
import { Restore } from './restore.tsx';
import { usePresenceTexts } from './texts.ts';

/** The users and their presence, the state of its stores, and the cleanup. */
export default function PresencePage() {
  const texts = usePresenceTexts();
  useTitle(texts.title);
  const { api } = useSignedIn();
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['presence', 'report'],
    queryFn: ({ signal }) => api.get<PresenceView>('/v1/admin/presence', signal),
  });
  return (
    <Stack gap="lg">
      <div>
        <Title order={1}>{texts.title}</Title>
        {data && <Text c="dimmed">{texts.intro(data.threshold_minutes)}</Text>}
      </div>
      {isPending && <Loading />}
      {error && !data && <Failure error={error} retry={() => void refetch()} />}
      {data && <Report report={data} />}
      <Section id="people" title={texts.people} mb="xs">
        <People />
      </Section>
      <Section id="clean" title={texts.clean.title} mb="xs">
        <Clean minutes={data?.stale?.minutes ?? DEFAULT_STALE_MINUTES} />
      </Section>
      <Section id="restore" title={texts.restore.title} mb="xs">
        <Restore />
      </Section>
    </Stack>
  );
}
