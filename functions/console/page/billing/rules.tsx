import {
  Button,
  Group,
  NativeSelect,
  Paper,
  SimpleGrid,
  Stack,
  Switch,
  TextInput,
  Title,
} from '@mantine/core';
import { type FormEvent, useState } from 'react';
import {
  MAX_DAYS,
  MAX_MAILS,
  MIN_GAP_DAYS,
  MIN_GRACE_DAYS,
} from '../../../../shared/domains/followups/limits.ts';
import type { BillingSettingsView } from '../../api/followups/views.ts';
import { LANGUAGE_CHOICES } from '../base/language.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { SavingFault } from '../ui/saving-fault.tsx';
import { DAYS_AHEAD, Difference, useWhatIf } from './difference.tsx';
import { type BillingForm, changeOf, faultsOf, formOf } from './form.ts';
import { LevelFields } from './level-fields.tsx';
import { billingKey, useBillingSaving } from './queries.ts';
import { useBillingTexts } from './texts.ts';

type Change = (fields: Partial<BillingForm>) => void;
interface PartProps {
  form: BillingForm;
  change: Change;
  /** The fields at fault, once one has tried to save. */
  faults: Partial<ReturnType<typeof faultsOf>>;
}

/** The rules by which an organisation's mails go. */
export function Rules({ stored }: { stored: BillingSettingsView }) {
  const texts = useBillingTexts();
  const [form, setForm] = useState(() => formOf(stored));
  const [showsFaults, setShowsFaults] = useState(false);
  const found = faultsOf(form);
  const faults: PartProps['faults'] = showsFaults ? found : {};
  const { mutate, error, isPending } = useBillingSaving(stored.id, texts.saved);
  const question = useWhatIf(stored.id);
  const save = () =>
    mutate({ ...changeOf(form), updated_at: stored.updated_at }, { onSettled: question.reset });
  const change: Change = (fields) => setForm({ ...form, ...fields });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setShowsFaults(true);
    if (Object.values(found).includes(true)) return;
    // A question only if other mails would go.
    question.mutate(changeOf(form), { onSuccess: ({ counts }) => counts.changed === 0 && save() });
  };
  const isAsked = (question.data?.counts.changed ?? 0) > 0;
  const levels = (type: 'invoice' | 'quote') => (
    <LevelFields
      type={type}
      levels={form[type]}
      change={(typed) => change({ [type]: typed })}
      fault={faults[type] ? texts.badLevels(MAX_DAYS) : null}
    />
  );
  return (
    <Paper component="form" noValidate withBorder radius="md" p="md" onSubmit={submit}>
      <Stack>
        {levels('invoice')}
        {levels('quote')}
        <Rhythm form={form} change={change} faults={faults} />
        <Sender form={form} change={change} faults={faults} />
        <SavingFault
          error={error ?? question.error}
          queryKey={billingKey(stored.id)}
          conflict={texts.conflict}
        />
        <Group>
          <Button type="submit" loading={isPending || question.isPending}>
            {texts.save}
          </Button>
        </Group>
        <Confirm
          opened={isAsked}
          title={texts.saveTitle}
          ask={texts.changes(DAYS_AHEAD)}
          label={texts.save}
          pending={isPending}
          confirm={save}
          close={question.reset}
        >
          {question.data && <Difference answer={question.data} />}
        </Confirm>
      </Stack>
    </Paper>
  );
}

function Rhythm({ form, change, faults }: PartProps) {
  const texts = useBillingTexts();
  const field = (name: 'zone' | 'quietFrom' | 'quietTo') => ({
    label: texts[name],
    value: form[name],
    onChange: (event: { currentTarget: { value: string } }) => change({ [name]: event.currentTarget.value }),
  });
  const number = (name: 'gap' | 'grace' | 'perRun' | 'perDay', min: number, max: number) => ({
    label: texts[name],
    inputMode: 'numeric' as const,
    value: form[name],
    onChange: (event: { currentTarget: { value: string } }) => change({ [name]: event.currentTarget.value }),
    error: faults[name] ? texts.whole(min, max) : null,
  });
  return (
    <>
      <Title order={2} size="h4">
        {texts.rhythm}
      </Title>
      <Switch
        label={texts.businessDays}
        checked={form.businessDays}
        onChange={({ currentTarget }) => change({ businessDays: currentTarget.checked })}
      />
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <TextInput {...field('quietFrom')} />
        <TextInput {...field('quietTo')} />
        <TextInput {...number('gap', MIN_GAP_DAYS, MAX_DAYS)} />
        <TextInput {...number('grace', MIN_GRACE_DAYS, MAX_DAYS)} />
        <TextInput {...number('perRun', 1, MAX_MAILS)} />
        <TextInput {...number('perDay', 1, MAX_MAILS)} />
        <TextInput {...field('zone')} />
      </SimpleGrid>
    </>
  );
}

function Sender({ form, change }: PartProps) {
  const texts = useBillingTexts();
  const field = (name: 'from' | 'replyTo' | 'notify') => ({
    label: texts[name],
    value: form[name],
    onChange: (event: { currentTarget: { value: string } }) => change({ [name]: event.currentTarget.value }),
  });
  return (
    <>
      <Title order={2} size="h4">
        {texts.sender}
      </Title>
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <TextInput {...field('from')} />
        <TextInput {...field('replyTo')} />
        <TextInput {...field('notify')} />
        <NativeSelect
          label={texts.locale}
          value={form.locale}
          onChange={({ currentTarget }) => change({ locale: currentTarget.value as 'fr' | 'en' })}
          data={LANGUAGE_CHOICES}
        />
      </SimpleGrid>
      <Switch
        label={texts.business}
        checked={form.business}
        onChange={({ currentTarget }) => change({ business: currentTarget.checked })}
      />
    </>
  );
}
