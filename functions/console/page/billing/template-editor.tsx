import { Button, Group, Paper, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { MAX_SUBJECT, MAX_TEXT } from '../../../../shared/domains/followups/limits.ts';
import type { Placeholder } from '../../../../shared/domains/followups/mail/template.ts';
import type { BillingSettingsView, BuiltInTemplates } from '../../api/followups/views.ts';
import type { Language } from '../base/language.tsx';
import { Mark } from '../ui/outcome.tsx';
import { SavingFault } from '../ui/saving-fault.tsx';
import { billingKey, useBillingSaving } from './queries.ts';
import { strangePlaceholder, textInForce, type UsedTemplate, withText } from './template-form.ts';
import { useBillingTexts } from './texts.ts';

const LINES = 10;

interface Props {
  stored: BillingSettingsView;
  builtIn: BuiltInTemplates;
  template: UsedTemplate;
  language: Language;
}

/** One text in one language: what goes out now, to be changed, or to be put back to the one that comes with Ronde. */
export function TemplateEditor({ stored, builtIn, template, language }: Props) {
  const texts = useBillingTexts().mails;
  const billing = useBillingTexts();
  const now = textInForce(stored, builtIn, template, language);
  const [subject, setSubject] = useState(now.template.subject);
  const [text, setText] = useState(now.template.text);
  const [showsFaults, setShowsFaults] = useState(false);
  const { mutate, error, isPending } = useBillingSaving(stored.id, billing.saved);
  const fault = (value: string, max: number) => {
    const strange = strangePlaceholder(value, builtIn.placeholders);
    if (value.trim() === '') return texts.empty;
    if (strange !== null) return texts.strange(strange);
    return value.trim().length > max ? texts.long(max) : null;
  };
  const faults = { subject: fault(subject, MAX_SUBJECT), text: fault(text, MAX_TEXT) };
  const save = (changed: { subject: string; text: string } | null) =>
    mutate({ templates: withText(stored, template, language, changed), updated_at: stored.updated_at });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setShowsFaults(true);
    if (faults.subject === null && faults.text === null) save({ subject, text });
  };
  return (
    <Paper component="form" noValidate withBorder radius="md" p="md" onSubmit={submit}>
      <Stack>
        <div>
          <Mark color={now.own ? 'blue' : 'gray'}>{now.own ? texts.own : texts.builtIn}</Mark>
        </div>
        <TextInput
          label={texts.subject}
          lang={language}
          value={subject}
          onChange={({ currentTarget }) => setSubject(currentTarget.value)}
          error={showsFaults && faults.subject}
        />
        <Textarea
          label={texts.text}
          lang={language}
          autosize
          minRows={LINES}
          value={text}
          onChange={({ currentTarget }) => setText(currentTarget.value)}
          error={showsFaults && faults.text}
        />
        <Placeholders names={builtIn.placeholders} />
        <SavingFault error={error} queryKey={billingKey(stored.id)} conflict={billing.conflict} />
        <Group>
          <Button type="submit" loading={isPending}>
            {billing.save}
          </Button>
          {now.own && (
            <Button variant="default" loading={isPending} onClick={() => save(null)}>
              {texts.restore}
            </Button>
          )}
        </Group>
      </Stack>
    </Paper>
  );
}

/** The placeholders of a text, and their values. */
function Placeholders({ names }: { names: readonly Placeholder[] }) {
  const { placeholders, mayName } = useBillingTexts().mails;
  return (
    <div>
      <Text size="sm" c="dimmed">
        {mayName}
      </Text>
      <ul className="placeholders">
        {names.map((name) => (
          <li key={name}>
            <code>{`{{${name}}}`}</code> {placeholders[name]}
          </li>
        ))}
      </ul>
    </div>
  );
}
