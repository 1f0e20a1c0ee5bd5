import { Button, NativeSelect, NumberInput, SimpleGrid, Switch, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { MAX_THRESHOLD_DAYS } from '../../../../shared/domains/tickets/limits.ts';
import type { TestMailReport } from '../../../../shared/doors/mail/test-mail.ts';
import { looksLikeEmail } from '../base/email.ts';
import { faultText } from '../base/faults.ts';
import { LANGUAGE_CHOICES, type Language, useLanguage } from '../base/language.tsx';
import { useNotify } from '../base/notify.ts';
import { useSignedIn } from '../base/signed-in.ts';
import type { TypedRecipient } from './recipient-form.ts';
import { useAlertsTexts } from './texts.ts';

interface Props {
  recipient: TypedRecipient;
  /** True after a first attempt to save: faults are shown from then on. */
  showsFaults: boolean;
  change(fields: Partial<TypedRecipient>): void;
}

/** One recipient: the address, the language, and whether it gets alerts. */
export function RecipientRow({ recipient, showsFaults, change }: Props) {
  const { texts } = useLanguage();
  const words = useAlertsTexts();
  const { name, email, active, locale } = recipient;
  return (
    <fieldset className="recipient" aria-label={name || email}>
      <TextInput
        label={words.name}
        value={name}
        onChange={({ currentTarget }) => change({ name: currentTarget.value })}
      />
      <TextInput
        label={words.email}
        type="email"
        value={email}
        onChange={({ currentTarget }) => change({ email: currentTarget.value })}
        error={showsFaults && !looksLikeEmail(email) ? texts.error.badEmail : null}
      />
      <NativeSelect
        label={words.locale}
        value={locale ?? 'fr'}
        onChange={({ currentTarget }) => change({ locale: currentTarget.value as Language })}
        data={LANGUAGE_CHOICES}
      />
      <Switch
        label={words.active}
        checked={active}
        onChange={({ currentTarget }) => change({ active: currentTarget.checked })}
      />
      <TestMail email={email} />
      <Filter recipient={recipient} change={change} />
    </fieldset>
  );
}

/** The late tickets that a recipient is notified of; empty fields restrict nothing. */
function Filter({ recipient, change }: Omit<Props, 'showsFaults'>) {
  const words = useAlertsTexts().filter;
  const { stages, assignee, min_days, escalate_after_days } = recipient;
  return (
    <details>
      <summary>{words.title}</summary>
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm" mt="xs">
        <TextInput
          label={words.stages}
          description={words.stagesHelp}
          defaultValue={stages?.join(', ') ?? ''}
          onBlur={({ currentTarget }) => change({ stages: namesIn(currentTarget.value) })}
        />
        <TextInput
          label={words.assignee}
          defaultValue={assignee ?? ''}
          onBlur={({ currentTarget }) => change({ assignee: currentTarget.value.trim() || null })}
        />
        <Days label={words.minDays} value={min_days} change={(days) => change({ min_days: days })} />
        <Days
          label={words.escalateAfterDays}
          value={escalate_after_days}
          change={(days) => change({ escalate_after_days: days })}
        />
      </SimpleGrid>
    </details>
  );
}

interface DaysProps {
  label: string;
  value: number | null | undefined;
  change(days: number | null): void;
}

/** A number of days; the field takes no other text. */
function Days({ label, value, change }: DaysProps) {
  return (
    <NumberInput
      label={label}
      value={value ?? ''}
      onChange={(days) => change(days === '' ? null : Number(days))}
      min={1}
      max={MAX_THRESHOLD_DAYS}
      clampBehavior="strict"
      allowDecimal={false}
      allowNegative={false}
      hideControls
    />
  );
}

/** Returns the names in a list with commas. */
const namesIn = (text: string) =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

/** Sends a test mail to the address as it stands there, saved or not, and tells what the mail server said. */
function TestMail({ email }: { email: string }) {
  const { language, texts } = useLanguage();
  const words = useAlertsTexts();
  const { api } = useSignedIn();
  const notify = useNotify();
  const { mutate, isPending } = useMutation({
    mutationFn: () =>
      api.send<TestMailReport>('POST', '/tickets/alerts/test-email', { to: email.trim(), locale: language }),
    onSuccess: ({ ok, message }) => notify({ color: ok ? 'teal' : 'red', message }),
    onError: (error) =>
      notify({
        color: 'red',
        title: words.testFailed(email),
        message: faultText(error, texts),
      }),
  });
  return (
    <Button
      variant="default"
      loading={isPending}
      disabled={!looksLikeEmail(email)}
      aria-label={words.testTo(email)}
      onClick={() => mutate()}
    >
      {words.test}
    </Button>
  );
}
