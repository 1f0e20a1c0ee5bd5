import { Button, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { useId, useState } from 'react';
import { Link } from 'wouter';
import type { MailboxReport } from '../../../../shared/domains/inbox/mailbox/try-mailbox.ts';
import type { IntegrationView } from '../../../../shared/domains/inbox/mailbox/views.ts';
import type { Status } from '../../../../shared/doors/account/health.ts';
import type { SyncReport } from '../../api/inbox/views.ts';
import { useAnchor } from '../base/anchor.ts';
import { distance, instant, whole } from '../base/format.ts';
import { useLanguage, worded } from '../base/language.tsx';
import { useSignedIn } from '../base/signed-in.ts';
import { Facts } from '../ui/facts.tsx';
import { Mark } from '../ui/outcome.tsx';
import { Empty, Failure, Loading } from '../ui/state.tsx';
import { AddMailbox } from './add-mailbox.tsx';
import { Folders } from './folders.tsx';
import { mailboxPath, useMailboxAction, useMailboxes } from './queries.ts';
import { useInboxTexts } from './texts.ts';

const COLORS: Partial<Record<Status | 'never', string>> = {
  ok: 'teal',
  retrying: 'orange',
  auth_failed: 'red',
};

/** Every mailbox with how it is, and a way to add one. */
export function Mailboxes() {
  const texts = useInboxTexts();
  const [adding, setAdding] = useState(false);
  return (
    <>
      {adding ? (
        <AddMailbox close={() => setAdding(false)} />
      ) : (
        <Group>
          <Button variant="light" onClick={() => setAdding(true)}>
            {texts.add.open}
          </Button>
        </Group>
      )}
      <All />
    </>
  );
}

function All() {
  const texts = useInboxTexts();
  const { data, error, isPending, refetch } = useMailboxes();
  useAnchor(data !== undefined);
  if (isPending) return <Loading />;
  if (!data) return <Failure error={error} retry={() => void refetch()} />;
  if (data.items.length === 0) return <Empty>{texts.noMailboxes}</Empty>;
  return data.items.map((mailbox) => <Card key={mailbox.id} mailbox={mailbox} />);
}

/** Returns 'never' for a mailbox that no run has reached. */
function statusOf({ active, health }: IntegrationView): Status | 'never' {
  if (active === false) return 'disabled';
  if (health?.status === 'ok' && !health.last_success_at) return 'never';
  return health?.status ?? 'never';
}

function Card({ mailbox }: { mailbox: IntegrationView }) {
  const texts = useInboxTexts();
  const [shown, setShown] = useState(false);
  const headline = useId();
  const status = statusOf(mailbox);
  return (
    <Paper component="section" id={mailbox.id} withBorder radius="md" p="md" aria-labelledby={headline}>
      <Stack gap="sm">
        <Group justify="space-between" align="flex-start" gap="sm">
          <div>
            <Title order={2} size="h4" id={headline} className="wrapped">
              {mailbox.label || mailbox.auth.user || mailbox.id}
            </Title>
            <Text size="sm" c="dimmed" className="wrapped">
              {mailbox.auth.user} · {mailbox.host}
              {mailbox.port ? `:${mailbox.port}` : ''} · {(mailbox.folders ?? []).join(', ')}
            </Text>
          </div>
          <Group gap={6}>
            {(mailbox.health?.incomplete ?? []).length > 0 && <Mark color="orange">{texts.box.gaps}</Mark>}
            <Mark color={COLORS[status] ?? 'gray'}>{texts.health[status]}</Mark>
          </Group>
        </Group>
        <HowItIs mailbox={mailbox} />
        <Actions mailbox={mailbox} />
        <div>
          <Button size="compact-md" variant="subtle" aria-expanded={shown} onClick={() => setShown(!shown)}>
            {texts.box.foldersShow}
          </Button>
        </div>
        {shown && <Folders id={mailbox.id} />}
      </Stack>
    </Paper>
  );
}

function HowItIs({ mailbox: { health, last_run } }: { mailbox: IntegrationView }) {
  const { language } = useLanguage();
  const texts = useInboxTexts();
  const [, kind = '', detail = ''] = /^(\w+): (.*)$/s.exec(health?.last_error ?? '') ?? [];
  const behind = last_run ? last_run.announced - last_run.stored : 0;
  return (
    <Facts
      facts={[
        [texts.box.last, health?.last_success_at && distance(health.last_success_at, language)],
        [texts.box.next, health?.next_attempt_at && instant(health.next_attempt_at, language)],
        [
          (health?.failures ?? 0) > 0 ? texts.box.failures(health?.failures ?? 0) : '',
          health?.last_error && (
            <>
              {worded(texts.fault, kind)} <code lang="en">{detail || health.last_error}</code>
            </>
          ),
        ],
        [
          (health?.incomplete ?? []).length > 0 ? texts.box.gaps : '',
          health?.incomplete?.map(({ folder, exists, stored }) => (
            <div key={folder}>
              <strong>{folder}</strong>:{' '}
              {exists === null
                ? texts.box.absent
                : texts.box.incomplete(whole(exists, language), whole(stored, language))}
            </div>
          )),
        ],
        [
          texts.box.announced,
          last_run && (
            <>
              {instant(last_run.at, language)}
              {' · '}
              {texts.box.counted(last_run.announced, last_run.stored)}
              {behind > 0 && (
                <>
                  {' '}
                  <Mark color="orange">{texts.box.behind(behind)}</Mark>
                </>
              )}
            </>
          ),
        ],
      ]}
    />
  );
}

function Actions({ mailbox: { id, active = true, updated_at } }: { mailbox: IntegrationView }) {
  const { api } = useSignedIn();
  const texts = useInboxTexts();
  const path = mailboxPath(id);
  const test = useMailboxAction(
    () => api.send<MailboxReport>('POST', `${path}/test`, {}),
    ({ folders }) => texts.box.tested(folders.length),
  );
  const sync = useMailboxAction(
    () => api.send<SyncReport>('POST', `${path}/sync`, {}),
    ({ messages: { new: fresh, updated, removed }, complete, incomplete }) => {
      const rest = incomplete.length > 0 ? texts.box.gaps : texts.box.unfinished;
      return `${texts.box.synced(fresh, updated, removed)} ${complete ? '' : rest}`;
    },
  );
  const flip = useMailboxAction(
    () => api.send<{ error?: null }>('PATCH', path, { active: !active }, updated_at),
    () => texts.box.switched,
  );
  const button = { size: 'compact-md', variant: 'default' } as const;
  return (
    <Group gap="xs">
      <Button {...button} loading={sync.isPending} disabled={!active} onClick={() => sync.mutate()}>
        {texts.box.sync}
      </Button>
      <Button {...button} loading={test.isPending} onClick={() => test.mutate()}>
        {texts.box.test}
      </Button>
      <Button {...button} loading={flip.isPending} onClick={() => flip.mutate()}>
        {active ? texts.box.off : texts.box.on}
      </Button>
      <Link href={`/inbox?mailbox=${encodeURIComponent(id)}`}>{texts.box.mails}</Link>
    </Group>
  );
}
