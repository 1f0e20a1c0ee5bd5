import { Stack, Text, Title } from '@mantine/core';
import { useSearchParams } from 'wouter';
import { useTitle } from '../base/title.ts';
import { Views } from '../ui/views.tsx';
import { MailList, Quarantine } from './mail-list.tsx';
import { Mailboxes } from './mailboxes.tsx';
import { useInboxTexts } from './texts.ts';

const VIEWS = ['mails', 'mailboxes', 'quarantine'] as const;

/** Mail, the mailboxes it came from, and what could not be read. */
export default function InboxPage() {
  const texts = useInboxTexts();
  useTitle(texts.title);
  const [params] = useSearchParams();
  const view = VIEWS.find((name) => name === params.get('view')) ?? 'mails';
  return (
    <Stack gap="lg">
      <div>
        <Title order={1}>{texts.title}</Title>
        <Text c="dimmed">{texts.intro}</Text>
      </div>
      <Views
        name={texts.viewsName}
        views={VIEWS.map((name) => ({
          to: name === 'mails' ? '/inbox' : `/inbox?view=${name}`,
          label: texts.views[name],
          here: name === view,
        }))}
      />
      {view === 'mails' && <MailList mailbox={params.get('mailbox') ?? ''} />}
      {view === 'mailboxes' && <Mailboxes />}
      {view === 'quarantine' && <Quarantine />}
    </Stack>
  );
}
