import { Button, Group, NativeSelect, Paper, Stack, Textarea, Title } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { MAX_OPERATORS } from '../../../../shared/domains/watch/limits.ts';
import type { SettingsView } from '../../api/settings.ts';
import { looksLikeEmail } from '../base/email.ts';
import { LANGUAGE_CHOICES, type Language, useLanguage } from '../base/language.tsx';
import { useSaving } from '../base/saving.ts';
import { useSignedIn } from '../base/signed-in.ts';
import { SavingFault } from '../ui/saving-fault.tsx';
import { useSettingsTexts } from './texts.ts';

const queryKey = ['settings'];
/** Who is told when a round does not run as it should. */
export function WatchSettings({ stored }: { stored: SettingsView['watch'] }) {
  const { texts } = useLanguage();
  const words = useSettingsTexts();
  const { api } = useSignedIn();
  const [operators, setOperators] = useState(stored.operators.join('\n'));
  const [locale, setLocale] = useState(stored.locale);
  const [told, setTold] = useState(false);
  const addresses = operators.split(/[\s,;]+/).filter((part) => part !== '');
  const sound = addresses.every(looksLikeEmail);
  const { mutate, error, isPending } = useSaving({
    queryKey,
    saved: words.saved,
    send: () =>
      api.send<SettingsView>('PUT', '/v1/admin/settings', {
        watch: { operators: addresses, locale, updated_at: stored.updated_at },
      }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTold(true);
    if (sound) mutate();
  };
  return (
    <Paper component="form" noValidate withBorder radius="md" p="md" onSubmit={submit}>
      <Stack>
        <Title order={2} size="h4">
          {words.watch}
        </Title>
        <Textarea
          label={words.operators}
          description={words.operatorsHelp(MAX_OPERATORS)}
          maw={420}
          rows={3}
          value={operators}
          onChange={({ currentTarget }) => setOperators(currentTarget.value)}
          error={told && !sound ? texts.error.badEmail : null}
        />
        <NativeSelect
          label={words.watchLocale}
          maw={420}
          value={locale}
          onChange={({ currentTarget }) => setLocale(currentTarget.value as Language)}
          data={LANGUAGE_CHOICES}
        />
        <SavingFault error={error} queryKey={queryKey} conflict={words.conflict} />
        <Group>
          <Button type="submit" loading={isPending}>
            {words.save}
          </Button>
        </Group>
      </Stack>
    </Paper>
  );
}
