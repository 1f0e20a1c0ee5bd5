import { Group, NativeSelect, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import type { BillingSettingsView, BuiltInTemplates } from '../../api/followups/views.ts';
import { billingAddress } from '../base/addresses.ts';
import { LANGUAGE_CHOICES, type Language } from '../base/language.tsx';
import { useSignedIn } from '../base/signed-in.ts';
import { useTitle } from '../base/title.ts';
import { Empty, Failure, Loading } from '../ui/state.tsx';
import { useBilling } from './queries.ts';
import { TemplateEditor } from './template-editor.tsx';
import { usedTemplates } from './template-form.ts';
import { useBillingTexts } from './texts.ts';

/** The texts of an organisation's follow-ups. */
export default function TemplatesPage({ id }: { id: string }) {
  const texts = useBillingTexts().mails;
  const { api } = useSignedIn();
  const settings = useBilling(id);
  useTitle(texts.title(id));
  const builtIn = useQuery({
    queryKey: ['followup-templates'],
    queryFn: ({ signal }) => api.get<BuiltInTemplates>('/v1/admin/followup-templates', signal),
  });
  const failed = [settings, builtIn].find(({ error, data }) => error && !data);
  return (
    <Stack gap="lg">
      <div>
        <Link href={billingAddress(id)}>{texts.back}</Link>
        <Title order={1} size="h2" className="wrapped">
          {texts.title(id)}
        </Title>
        <Text c="dimmed">{texts.intro}</Text>
      </div>
      {failed ? (
        <Failure error={failed.error} retry={() => void failed.refetch()} />
      ) : settings.data && builtIn.data ? (
        <Templates stored={settings.data} builtIn={builtIn.data} />
      ) : (
        <Loading />
      )}
    </Stack>
  );
}

function Templates({ stored, builtIn }: { stored: BillingSettingsView; builtIn: BuiltInTemplates }) {
  const texts = useBillingTexts().mails;
  const used = usedTemplates(stored);
  const [chosen, choose] = useState('');
  const [language, setLanguage] = useState<Language>(stored.locale);
  const template = used.find(({ ownName }) => ownName === chosen) ?? used[0];
  if (!template) return <Empty>{texts.none}</Empty>;
  return (
    <>
      <Group align="flex-end">
        <NativeSelect
          label={texts.template}
          value={template.ownName}
          onChange={({ currentTarget }) => choose(currentTarget.value)}
          data={used.map(({ ownName, type, levels, short }) => ({
            value: ownName,
            label: texts.which[type](levels, short),
          }))}
        />
        <NativeSelect
          label={texts.language}
          value={language}
          onChange={({ currentTarget }) => setLanguage(currentTarget.value as Language)}
          data={LANGUAGE_CHOICES}
        />
      </Group>
      <TemplateEditor
        key={`${template.ownName} ${language} ${stored.updated_at}`}
        stored={stored}
        builtIn={builtIn}
        template={template}
        language={language}
      />
    </>
  );
}
