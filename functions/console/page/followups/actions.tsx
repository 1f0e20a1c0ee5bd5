import { Button, Group, TextInput } from '@mantine/core';
import { useState } from 'react';
import { MAX_REASON } from '../../../../shared/domains/followups/limits.ts';
import type { FollowupView } from '../../../../shared/domains/followups/show.ts';
import type { FollowupDetail, SendReport } from '../../api/followups/views.ts';
import { useLanguage } from '../base/language.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { doubtText, useFollowupAction } from './queries.ts';
import { useFollowupsTexts } from './texts.ts';

type Asked = 'send' | 'pause' | 'stop';

/** The actions that a follow-up allows now. */
export function Actions({ followup }: { followup: FollowupDetail }) {
  const texts = useFollowupsTexts();
  const [asked, setAsked] = useState<Asked | null>(null);
  const resume = useFollowupAction<FollowupView>(followup.id, 'resume', () => texts.act.done.resume);
  const open = followup.status === 'open';
  const unknown = followup.parked?.reason === 'unknown_delivery';
  const stopped = followup.status === 'stopped' && followup.stop_reason !== 'opted_out';
  const paused = open && Boolean(followup.paused_until);
  const close = () => setAsked(null);
  return (
    <Group gap="xs">
      {open && !unknown && followup.explanation?.level != null && (
        <Button size="compact-md" onClick={() => setAsked('send')}>
          {texts.act.send}
        </Button>
      )}
      {open && !paused && (
        <Button size="compact-md" variant="default" onClick={() => setAsked('pause')}>
          {texts.act.pause}
        </Button>
      )}
      {(paused || stopped) && (
        <Button
          size="compact-md"
          variant="default"
          loading={resume.isPending}
          onClick={() => resume.mutate({})}
        >
          {texts.act.resume}
        </Button>
      )}
      {open && (
        <Button size="compact-md" variant="light" color="red" onClick={() => setAsked('stop')}>
          {texts.act.stop}
        </Button>
      )}
      <SendDialog opened={asked === 'send'} followup={followup} close={close} />
      <PauseDialog opened={asked === 'pause'} followup={followup} close={close} />
      <StopDialog opened={asked === 'stop'} followup={followup} close={close} />
    </Group>
  );
}

interface DialogProps {
  opened: boolean;
  followup: FollowupDetail;
  close(): void;
}

function SendDialog({ followup: { id, customer, explanation }, opened, close: closeIt }: DialogProps) {
  const { language } = useLanguage();
  const texts = useFollowupsTexts();
  // The server's reason for asking once more, such as a pause.
  const [doubt, setDoubt] = useState<string | null>(null);
  const close = () => {
    setDoubt(null);
    closeIt();
  };
  const { mutate, isPending } = useFollowupAction<SendReport>(id, 'send', ({ sent, level, message }) =>
    sent ? texts.act.sent(level) : message[language],
  );
  return (
    <Confirm
      opened={opened}
      title={texts.act.send}
      ask={doubt ?? texts.act.sendAsk(customer?.email ?? '–')}
      label={doubt === null ? texts.act.send : texts.act.sendAnyway}
      pending={isPending}
      confirm={() =>
        mutate(
          { level: explanation?.level, ...(doubt === null ? {} : { confirm: true }) },
          {
            onSuccess: close,
            onError(error) {
              const asked = doubtText(error)?.[language];
              if (asked === undefined) close();
              else setDoubt(asked);
            },
          },
        )
      }
      close={close}
    />
  );
}

function PauseDialog({ followup: { id }, opened, close }: DialogProps) {
  const texts = useFollowupsTexts();
  const [day, setDay] = useState('');
  const [why, setWhy] = useState('');
  const { mutate, isPending } = useFollowupAction<FollowupView>(id, 'pause', () => texts.act.done.pause);
  const pause = () => {
    // The day begins in the browser's time zone.
    const until = day === '' ? null : new Date(`${day}T00:00:00`).toISOString();
    mutate({ until, ...reasonOf(why) }, { onSettled: close });
  };
  return (
    <Confirm
      opened={opened}
      title={texts.act.pause}
      ask={texts.act.pauseAsk}
      label={texts.act.pause}
      pending={isPending}
      confirm={pause}
      close={close}
    >
      <TextInput
        type="date"
        label={texts.act.pauseUntil}
        value={day}
        onChange={({ currentTarget }) => setDay(currentTarget.value)}
      />
      <Why value={why} change={setWhy} />
    </Confirm>
  );
}

function StopDialog({ followup: { id }, opened, close }: DialogProps) {
  const texts = useFollowupsTexts();
  const [why, setWhy] = useState('');
  const { mutate, isPending } = useFollowupAction<FollowupView>(id, 'stop', () => texts.act.done.stop);
  return (
    <Confirm
      opened={opened}
      title={texts.act.stop}
      ask={texts.act.stopAsk}
      label={texts.act.stop}
      color="red"
      pending={isPending}
      confirm={() => mutate(reasonOf(why), { onSettled: close })}
      close={close}
    >
      <Why value={why} change={setWhy} />
    </Confirm>
  );
}

const reasonOf = (why: string) => (why.trim() === '' ? {} : { reason: why.trim() });

function Why({ value, change }: { value: string; change(value: string): void }) {
  const texts = useFollowupsTexts();
  return (
    <TextInput
      label={texts.act.why}
      maxLength={MAX_REASON}
      value={value}
      onChange={({ currentTarget }) => change(currentTarget.value)}
    />
  );
}
