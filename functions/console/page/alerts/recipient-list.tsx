import { Button, Group, Stack, Text } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { RecipientList as StoredList } from '../../../../shared/domains/tickets/recipient.ts';
import { looksLikeEmail } from '../base/email.ts';
import { useSaving } from '../base/saving.ts';
import { useSignedIn } from '../base/signed-in.ts';
import { SavingFault } from '../ui/saving-fault.tsx';
import { Empty } from '../ui/state.tsx';
import { AddRecipient } from './add-recipient.tsx';
import { recipientOf, type TypedRecipient } from './recipient-form.ts';
import { RecipientRow } from './recipient-row.tsx';
import { useAlertsTexts } from './texts.ts';

const queryKey = ['recipients'];

/** The recipients of alerts. Nothing is stored before a save. */
export function RecipientList({ stored }: { stored: StoredList }) {
  const texts = useAlertsTexts();
  const { api } = useSignedIn();
  const [list, setList] = useState<TypedRecipient[]>(stored.recipients);
  const [showsFaults, setShowsFaults] = useState(false);
  const { mutate, error, isPending } = useSaving({
    queryKey,
    saved: texts.saved,
    send: () =>
      api.send<StoredList>('PUT', '/tickets/alerts/config/', {
        recipients: list.map(recipientOf),
        updated_at: stored.updated_at,
      }),
  });
  const save = (event: FormEvent) => {
    event.preventDefault();
    setShowsFaults(true);
    if (list.every(({ email }) => looksLikeEmail(email))) mutate();
  };
  const change = (index: number, fields: Partial<TypedRecipient>) =>
    setList(list.map((one, at) => (at === index ? { ...one, ...fields } : one)));
  return (
    <Stack>
      <Text c="dimmed">{texts.recipientsHelp}</Text>
      <form noValidate onSubmit={save}>
        {list.length === 0 && <Empty>{texts.noRecipients}</Empty>}
        {list.map((recipient, index) => (
          <RecipientRow
            key={index}
            recipient={recipient}
            showsFaults={showsFaults}
            change={(fields) => change(index, fields)}
          />
        ))}
        <SavingFault error={error} queryKey={queryKey} conflict={texts.conflict} />
        <Group mt="sm">
          <Button type="submit" loading={isPending} disabled={list.length === 0}>
            {texts.save}
          </Button>
        </Group>
      </form>
      <AddRecipient taken={list.map(({ email }) => email)} add={(one) => setList([...list, one])} />
    </Stack>
  );
}
