import { Button, Group, NativeSelect, Paper, SimpleGrid, Stack, Text, TextInput, Title } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useId, useState } from 'react';
import { FIRST_FOLDER, MAX_PORT } from '../../../../shared/domains/inbox/limits.ts';
import type { MailboxReport } from '../../../../shared/domains/inbox/mailbox/try-mailbox.ts';
import type { IntegrationView } from '../../../../shared/domains/inbox/mailbox/views.ts';
import { useLanguage } from '../base/language.tsx';
import { useNotify } from '../base/notify.ts';
import { useOrganisations } from '../base/organisations.ts';
import { useSignedIn } from '../base/signed-in.ts';
import { Failure } from '../ui/state.tsx';
import {
  emptyMailbox,
  type MailboxForm,
  mailboxFaults,
  mailboxOf,
  type Security,
  securityOf,
  type TypedMailbox,
} from './mailbox-form.ts';
import { useInboxTexts } from './texts.ts';
import { Tried } from './tried-mailbox.tsx';

const PATH = '/api/inbox/integrations';

/** A new mailbox: its connection is tried, then its folders are chosen, then it is stored. */
export function AddMailbox({ close }: { close(): void }) {
  const texts = useInboxTexts();
  const [folders, setFolders] = useState<string[]>([FIRST_FOLDER]);
  /** As it was tried; any change of it makes it another mailbox, which has not been tried. */
  const [tried, setTried] = useState<MailboxForm | null>(null);
  const headline = useId();
  const attempt = useTry();
  const add = useAdd(close);
  const begin = (form: MailboxForm) => {
    setTried(form);
    attempt.mutate(mailboxOf(form, [FIRST_FOLDER]));
  };
  const changed = () => {
    setTried(null);
    attempt.reset();
    add.reset();
  };
  return (
    <Paper withBorder radius="md" p="md" component="section" aria-labelledby={headline}>
      <Stack>
        <div>
          <Title order={2} size="h4" id={headline}>
            {texts.add.title}
          </Title>
          <Text c="dimmed">{texts.add.intro}</Text>
        </div>
        <Connection attempt={begin} changed={changed} pending={attempt.isPending} close={close} />
        {attempt.error && <Failure error={attempt.error} />}
        {attempt.data && <Tried report={attempt.data} folders={folders} choose={setFolders} />}
        {add.error && <Failure error={add.error} />}
        {attempt.data?.ok && tried && (
          <Group>
            <Button
              loading={add.isPending}
              disabled={folders.length === 0}
              onClick={() => add.mutate(mailboxOf(tried, folders))}
            >
              {texts.add.add}
            </Button>
          </Group>
        )}
        <Text size="sm" c="dimmed">
          {texts.add.oauth}
        </Text>
      </Stack>
    </Paper>
  );
}

type Request = ReturnType<typeof mailboxOf>;

/** Signs in as the mailbox would; nothing is stored. */
function useTry() {
  const { api } = useSignedIn();
  return useMutation({
    mutationFn: (mailbox: Request) =>
      api.send<{ test: MailboxReport }>('POST', `${PATH}?dry_run=true`, mailbox).then(({ test }) => test),
  });
}

function useAdd(done: () => void) {
  const { api } = useSignedIn();
  const texts = useInboxTexts();
  const client = useQueryClient();
  const notify = useNotify();
  return useMutation({
    mutationFn: (mailbox: Request) => api.send<IntegrationView>('POST', PATH, mailbox),
    onSuccess: async ({ label, auth }) => {
      await client.invalidateQueries({ queryKey: ['mailboxes'] });
      notify({ color: 'teal', message: texts.add.added(label || auth.user || '') });
      done();
    },
  });
}

interface ConnectionProps {
  attempt(form: MailboxForm): void;
  changed(): void;
  pending: boolean;
  close(): void;
}

/** The form for the mailbox's server and its sign-in. */
function Connection({ attempt, changed, pending, close }: ConnectionProps) {
  const { texts } = useLanguage();
  const { add } = useInboxTexts();
  const organisations = useOrganisations();
  const [typed, setTyped] = useState(emptyMailbox);
  const [showsFaults, setShowsFaults] = useState(false);
  const only = organisations.length === 1 ? (organisations[0] ?? '') : '';
  const form = { ...typed, organisation: typed.organisation ?? only };
  const faults = mailboxFaults(form);
  const shownFaults = showsFaults ? faults : {};
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setShowsFaults(true);
    if (!Object.values(faults).includes(true)) attempt(form);
  };
  const change = (fields: Partial<TypedMailbox>) => {
    setTyped({ ...typed, ...fields });
    changed();
  };
  return (
    <form noValidate onSubmit={submit}>
      <Stack>
        <Fields form={form} change={change} faults={shownFaults} organisations={organisations} />
        <Group>
          <Button type="submit" loading={pending}>
            {add.tryIt}
          </Button>
          <Button variant="default" onClick={close}>
            {texts.state.cancel}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

interface FieldsProps {
  form: MailboxForm;
  change(fields: Partial<TypedMailbox>): void;
  /** The fields at fault, after the first attempt. */
  faults: Partial<ReturnType<typeof mailboxFaults>>;
  organisations: readonly string[];
}

function Fields({ form, change, faults, organisations }: FieldsProps) {
  const { add } = useInboxTexts();
  const offered = useId();
  const field = (name: Exclude<keyof MailboxForm, 'security'>, wrong: string = add.required) => ({
    label: add[name],
    autoComplete: 'off',
    value: form[name],
    onChange: (event: { currentTarget: { value: string } }) => change({ [name]: event.currentTarget.value }),
    error: name !== 'label' && faults[name] ? wrong : null,
  });
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }}>
      <TextInput {...field('organisation')} list={offered} />
      <datalist id={offered}>
        {organisations.map((id) => (
          <option key={id} value={id} />
        ))}
      </datalist>
      <TextInput {...field('label')} />
      <TextInput {...field('host', add.badHost)} description={add.hostHelp} inputWrapperOrder={ORDER} />
      <NativeSelect
        label={add.security}
        value={form.security}
        onChange={({ currentTarget }) => change(securityOf(form, currentTarget.value as Security))}
        data={[
          { value: 'tls', label: add.tls },
          { value: 'starttls', label: add.starttls },
        ]}
      />
      <TextInput {...field('port', add.badPort(MAX_PORT))} inputMode="numeric" />
      <TextInput {...field('user')} />
      <TextInput
        {...field('password')}
        type="password"
        autoComplete="new-password"
        description={add.passwordHelp}
        inputWrapperOrder={ORDER}
      />
      <TextInput {...field('notify', add.badEmail)} type="email" />
    </SimpleGrid>
  );
}

/** The help below its field, so that fields side by side begin at one height. */
const ORDER: ('label' | 'input' | 'description' | 'error')[] = ['label', 'input', 'description', 'error'];
