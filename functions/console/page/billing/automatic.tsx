import { Alert, Button, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { BillingChange } from '../../api/followups/billing-change.ts';
import type { BillingRehearsal, BillingSettingsView } from '../../api/followups/views.ts';
import { useSignedIn } from '../base/signed-in.ts';
import { Confirm } from '../ui/confirm.tsx';
import { SavingFault } from '../ui/saving-fault.tsx';
import { Failure, Loading } from '../ui/state.tsx';
import { Activation } from './activation.tsx';
import { billingKey, billingPath, useBillingSaving } from './queries.ts';
import { useBillingTexts } from './texts.ts';

type Asked = 'on' | 'off' | 'release';

/** The switch of automatic follow-ups. It shows what would go out before it is changed. */
export function Automatic({ stored }: { stored: BillingSettingsView }) {
  const texts = useBillingTexts();
  const [asked, setAsked] = useState<Asked | null>(null);
  const [looked, setLooked] = useState(false);
  const on = stored.auto_followups_enabled;
  return (
    <Paper withBorder radius="md" p="md" component="section" aria-labelledby="automatic">
      <Stack gap="sm" align="flex-start">
        <Title order={2} size="h4" id="automatic">
          {texts.auto}
        </Title>
        <Text>{on ? texts.on : texts.off}</Text>
        <Group gap="xs">
          <Button variant={on ? 'default' : 'filled'} onClick={() => setAsked(on ? 'off' : 'on')}>
            {on ? texts.switchOff : texts.switchOn}
          </Button>
          {on && (
            <Button variant="subtle" aria-expanded={looked} onClick={() => setLooked(!looked)}>
              {texts.look}
            </Button>
          )}
        </Group>
        {on && looked && <WouldGo orgId={stored.id} change={{}} />}
        {on && stored.held > 0 && <Held stored={stored} release={() => setAsked('release')} />}
        <Throw asked={asked} stored={stored} close={() => setAsked(null)} />
      </Stack>
    </Paper>
  );
}

/** The debts that were old at the activation, until a person confirms them. */
function Held({ stored, release }: { stored: BillingSettingsView; release(): void }) {
  const texts = useBillingTexts();
  return (
    <Alert color="orange" title={texts.heldNow(stored.held)}>
      <Stack gap="xs" align="flex-start">
        {texts.heldHelp}
        <Button size="compact-md" variant="default" onClick={release}>
          {texts.release}
        </Button>
      </Stack>
    </Alert>
  );
}

const CHANGES: Record<Asked, BillingChange> = {
  on: { auto_followups_enabled: true },
  off: { auto_followups_enabled: false },
  release: { confirm_held: true },
};

interface ThrowProps {
  /** The requested change; null while the dialog is closed. */
  asked: Asked | null;
  stored: BillingSettingsView;
  close(): void;
}

function Throw({ asked, stored, close }: ThrowProps) {
  const texts = useBillingTexts();
  const words = {
    on: { title: texts.auto, ask: texts.ask, label: texts.confirmOn, done: texts.switchedOn },
    off: { title: texts.auto, ask: texts.off, label: texts.switchOff, done: texts.switchedOff },
    release: { title: texts.heldHelp, ask: texts.releaseAsk, label: texts.release, done: texts.released },
  }[asked ?? 'off'];
  const change = CHANGES[asked ?? 'off'];
  const { mutate, error, isPending } = useBillingSaving(stored.id, words.done);
  return (
    <Confirm
      opened={asked !== null}
      title={words.title}
      ask={words.ask}
      label={words.label}
      pending={isPending}
      confirm={() => mutate({ ...change, updated_at: stored.updated_at }, { onSuccess: close })}
      close={close}
    >
      {asked !== 'off' && <WouldGo orgId={stored.id} change={change} />}
      <SavingFault error={error} queryKey={billingKey(stored.id)} conflict={texts.conflict} />
    </Confirm>
  );
}

function WouldGo({ orgId, change }: { orgId: string; change: BillingChange }) {
  const { data, error, isPending } = useRehearsal(orgId, change);
  if (isPending) return <Loading />;
  return data ? <Activation effects={data} /> : <Failure error={error} />;
}

/** Asks what a save would send, without a save. */
function useRehearsal(orgId: string, change: BillingChange) {
  const { api } = useSignedIn();
  const { mutate, ...rest } = useMutation({
    mutationFn: (body: BillingChange) =>
      api
        .send<BillingRehearsal>('PUT', `${billingPath(orgId)}?dry_run=true`, body)
        .then(({ activation }) => activation),
  });
  const body = JSON.stringify(change);
  useEffect(() => mutate(JSON.parse(body)), [body, mutate]);
  return { ...rest, isPending: rest.isPending || rest.isIdle };
}
