import { Button, Group, Paper, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useId, useState } from 'react';
import type { Page } from '../../api/paging.ts';
import type { UserLine } from '../../api/users.ts';
import { absent } from '../base/api.ts';
import { looksLikeEmail } from '../base/email.ts';
import { useLanguage } from '../base/language.tsx';
import { useSignedIn } from '../base/signed-in.ts';
import type { TypedRecipient } from './recipient-form.ts';
import { useAlertsTexts } from './texts.ts';

/** At most this many users are offered; any other address may be typed. */
const OFFERED = 200;

interface Props {
  /** Addresses that are in the list. */
  taken: readonly string[];
  add(recipient: TypedRecipient): void;
}

/** Adds somebody to the list: one of the users, or any address. */
export function AddRecipient({ taken, add }: Props) {
  const { language, texts } = useLanguage();
  const words = useAlertsTexts();
  const users = useUsers();
  const [email, setEmail] = useState('');
  const [fault, setFault] = useState<string | null>(null);
  const offered = useId();
  const headline = useId();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const address = email.trim().toLowerCase();
    if (!looksLikeEmail(address)) return setFault(texts.error.badEmail);
    if (taken.some((one) => one.trim().toLowerCase() === address)) return setFault(words.doubled);
    const user = users.find((one) => one.email?.toLowerCase() === address);
    add({
      ...(user ? { user_id: user.id } : {}),
      name: user?.display_name ?? address.split('@')[0] ?? '',
      email: address,
      active: true,
      locale: language,
    });
    setEmail('');
    setFault(null);
  };
  return (
    <Paper
      component="form"
      noValidate
      withBorder
      radius="md"
      p="md"
      onSubmit={submit}
      aria-labelledby={headline}
    >
      <Text fw={600} id={headline}>
        {words.add}
      </Text>
      <Group align="flex-end" gap="sm">
        <TextInput
          className="grow"
          label={words.email}
          description={words.choose}
          type="email"
          autoComplete="off"
          list={offered}
          value={email}
          onChange={({ currentTarget }) => setEmail(currentTarget.value)}
          error={fault}
        />
        <datalist id={offered}>
          {users.map((user) => (
            <option key={user.id} value={user.email ?? ''}>
              {user.display_name ?? user.id}
            </option>
          ))}
        </datalist>
        <Button type="submit" variant="light">
          {words.addButton}
        </Button>
      </Group>
    </Paper>
  );
}

/** Reads the users who have an address. An error gives none, since an address may be typed. */
function useUsers(): UserLine[] {
  const { api } = useSignedIn();
  const { data } = useQuery({
    queryKey: ['users'],
    queryFn: ({ signal }) =>
      api.get<Page<UserLine>>(`/v1/admin/users?limit=${OFFERED}`, signal).catch(absent),
  });
  return (data?.items ?? []).filter(({ email }) => email);
}
