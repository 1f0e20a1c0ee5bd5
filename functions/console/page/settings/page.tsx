import { Stack, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { SettingsView } from '../../api/settings.ts';
import { useAnchor } from '../base/anchor.ts';
import { useSignedIn } from '../base/signed-in.ts';
import { useTitle } from '../base/title.ts';
import { Failure, Loading } from '../ui/state.tsx';
import { AlertSettings } from './alerts.tsx';
import { PresenceSettings } from './presence.tsx';
import { useSettingsTexts } from './texts.ts';
import { WatchSettings } from './watch.tsx';

/** The settings of the installation. Each part is saved by itself, so that two people rarely disturb each other. */
export default function SettingsPage() {
  const texts = useSettingsTexts();
  useTitle(texts.title);
  const { api } = useSignedIn();
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['settings'],
    queryFn: ({ signal }) => api.get<SettingsView>('/v1/admin/settings', signal),
    // A refetch must not change a form while a person types.
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
  useAnchor(data !== undefined);
  return (
    <Stack gap="lg">
      <Title order={1}>{texts.title}</Title>
      {isPending && <Loading />}
      {error && <Failure error={error} retry={() => void refetch()} />}
      {data && (
        <>
          <PresenceSettings key={`presence ${data.presence.updated_at}`} stored={data.presence} />
          <AlertSettings key={`alerts ${data.alerts.updated_at}`} stored={data.alerts} />
          <WatchSettings key={`watch ${data.watch.updated_at}`} stored={data.watch} />
        </>
      )}
    </Stack>
  );
}
