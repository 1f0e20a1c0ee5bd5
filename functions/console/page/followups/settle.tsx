import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import type { FollowupView } from '../../../../shared/domains/followups/show.ts';
import type { FollowupDetail } from '../../api/followups/views.ts';
import { Confirm } from '../ui/confirm.tsx';
import { useFollowupAction } from './queries.ts';
import { useFollowupsTexts } from './texts.ts';

/** A mail whose fate is unknown is settled by a person, who decides whether it counts. */
export function Settle({
  followup: { id },
  messageId,
}: {
  followup: FollowupDetail;
  messageId: string | null;
}) {
  const texts = useFollowupsTexts();
  const [asked, setAsked] = useState<'sent' | 'not_sent' | null>(null);
  const { mutate, isPending } = useFollowupAction<FollowupView>(id, 'settle', () => texts.act.done.settle);
  const sent = asked === 'sent';
  return (
    <Alert color="orange" title={texts.act.settleTitle}>
      <Stack gap="sm">
        <Text className="wrapped">{texts.act.settleHelp(messageId ?? '–')}</Text>
        <Group gap="xs">
          <Button size="compact-md" variant="default" onClick={() => setAsked('sent')}>
            {texts.act.settleSent}
          </Button>
          <Button size="compact-md" variant="default" onClick={() => setAsked('not_sent')}>
            {texts.act.settleNotSent}
          </Button>
        </Group>
      </Stack>
      <Confirm
        opened={asked !== null}
        title={texts.act.settleTitle}
        ask={sent ? texts.act.settleSentAsk : texts.act.settleNotSentAsk}
        label={sent ? texts.act.settleSent : texts.act.settleNotSent}
        pending={isPending}
        confirm={() => mutate({ outcome: asked }, { onSettled: () => setAsked(null) })}
        close={() => setAsked(null)}
      />
    </Alert>
  );
}
