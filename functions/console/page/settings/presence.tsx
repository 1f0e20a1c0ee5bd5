import { Button, Group, Paper, Stack, TextInput, Title } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { MAX_THRESHOLD_MINUTES, MIN_THRESHOLD_MINUTES } from '../../../../shared/domains/presence/limits.ts';
import type { SettingsView } from '../../api/settings.ts';
import { wholeIn } from '../base/numbers.ts';
import { useSaving } from '../base/saving.ts';
import { useSignedIn } from '../base/signed-in.ts';
import { SavingFault } from '../ui/saving-fault.tsx';
import { useSettingsTexts } from './texts.ts';

const queryKey = ['settings'];

/** Who counts as online. */
export function PresenceSettings({ stored }: { stored: SettingsView['presence'] }) {
  const texts = useSettingsTexts();
  const { api } = useSignedIn();
  const [minutes, setMinutes] = useState(String(stored.online_threshold_minutes));
  const [told, setTold] = useState(false);
  const value = wholeIn(minutes, MIN_THRESHOLD_MINUTES, MAX_THRESHOLD_MINUTES);
  const { mutate, error, isPending } = useSaving({
    queryKey,
    saved: texts.saved,
    send: () =>
      api.send<SettingsView>('PUT', '/v1/admin/settings', {
        presence: { online_threshold_minutes: value, updated_at: stored.updated_at },
      }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTold(true);
    if (value !== null) mutate();
  };
  return (
    <Paper component="form" noValidate withBorder radius="md" p="md" onSubmit={submit}>
      <Stack>
        <Title order={2} size="h4">
          {texts.presence}
        </Title>
        <TextInput
          label={texts.threshold}
          description={texts.thresholdHelp(MIN_THRESHOLD_MINUTES, MAX_THRESHOLD_MINUTES)}
          inputMode="numeric"
          maw={420}
          value={minutes}
          onChange={({ currentTarget }) => setMinutes(currentTarget.value)}
          error={told && value === null ? texts.whole(MIN_THRESHOLD_MINUTES, MAX_THRESHOLD_MINUTES) : null}
        />
        <SavingFault error={error} queryKey={queryKey} conflict={texts.conflict} />
        <Group>
          <Button type="submit" loading={isPending}>
            {texts.save}
          </Button>
        </Group>
      </Stack>
    </Paper>
  );
}
