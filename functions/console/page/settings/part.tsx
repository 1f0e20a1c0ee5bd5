import { Button, Group, Paper, Stack, Title } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import type { SettingsView } from '../../api/settings.ts';
import { useSaving } from '../base/saving.ts';
import { useSignedIn } from '../base/signed-in.ts';
import { SavingFault } from '../ui/saving-fault.tsx';
import { useSettingsTexts } from './texts.ts';

const queryKey = ['settings'];

interface Props {
  title: string;
  /** The body of the PUT; null while a field is at fault. */
  change: object | null;
  /** The fields; faults are shown once one has tried to save. */
  children(showsFaults: boolean): ReactNode;
}

/** A part of the settings, saved by itself. */
export function SettingsPart({ title, change, children }: Props) {
  const texts = useSettingsTexts();
  const { api } = useSignedIn();
  const [showsFaults, setShowsFaults] = useState(false);
  const { mutate, error, isPending } = useSaving({
    queryKey,
    saved: texts.saved,
    send: () => api.send<SettingsView>('PUT', '/v1/admin/settings', change ?? {}),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setShowsFaults(true);
    if (change) mutate();
  };
  return (
    <Paper component="form" noValidate withBorder radius="md" p="md" onSubmit={submit}>
      <Stack>
        <Title order={2} size="h4">
          {title}
        </Title>
        {children(showsFaults)}
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
