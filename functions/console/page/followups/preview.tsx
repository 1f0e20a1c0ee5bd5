import { Alert, Button, Code, NativeSelect, Stack } from '@mantine/core';
import { useState } from 'react';
import type { FollowupDetail, MailPreview } from '../../api/followups/views.ts';
import { useLanguage } from '../base/language.tsx';
import { Facts } from '../ui/facts.tsx';
import { MailFrame } from '../ui/mail-frame.tsx';
import { Failure, Loading } from '../ui/state.tsx';
import { blockedText, usePreview } from './queries.ts';
import { useFollowupsTexts } from './texts.ts';

/** The mail of a level exactly as it would go out now, when asked for. */
export function Preview({ followup }: { followup: FollowupDetail }) {
  const texts = useFollowupsTexts();
  const [shown, setShown] = useState(false);
  const { levels = 0, level } = followup.explanation ?? {};
  const [chosen, setChosen] = useState(level ?? 1);
  if (levels === 0) return null;
  return (
    <Stack gap="sm" align="stretch">
      <div>
        <Button variant="light" aria-expanded={shown} onClick={() => setShown(!shown)}>
          {shown ? texts.preview.hide : texts.preview.show}
        </Button>
      </div>
      {shown && (
        <>
          <NativeSelect
            label={texts.preview.level}
            maw={200}
            value={String(chosen)}
            onChange={({ currentTarget }) => setChosen(Number(currentTarget.value))}
            data={Array.from({ length: levels }, (_, index) => String(index + 1))}
          />
          <LevelMail id={followup.id} level={chosen} />
        </>
      )}
    </Stack>
  );
}

function LevelMail({ id, level }: { id: string; level: number }) {
  const { language } = useLanguage();
  const { data, error, isPending } = usePreview(id, level);
  if (isPending) return <Loading />;
  const blocked = blockedText(error);
  if (blocked)
    return (
      <Alert color="orange" role="alert">
        {blocked[language]}
      </Alert>
    );
  if (!data) return <Failure error={error} />;
  return <Shown mail={data} />;
}

const mailbox = ({ name, address }: { name?: string; address: string }) =>
  name ? `${name} <${address}>` : address;

function Shown({ mail }: { mail: MailPreview }) {
  const texts = useFollowupsTexts();
  return (
    <>
      {mail.redirected_to && <Alert color="orange">{texts.preview.redirected(mail.redirected_to)}</Alert>}
      {!mail.from_is_own && <Alert color="blue">{texts.preview.notOwn}</Alert>}
      <Facts
        facts={[
          [texts.preview.from, mailbox(mail.from)],
          [texts.preview.to, mailbox(mail.to)],
          [texts.preview.replyTo, mail.reply_to],
          [texts.preview.subject, mail.subject],
        ]}
      />
      <MailFrame own html={mail.html} title={texts.preview.frame} />
      <details>
        <summary>{texts.preview.text}</summary>
        <Code block className="wrapped mail-text">
          {mail.text}
        </Code>
      </details>
    </>
  );
}
