import { Button, Checkbox, Group, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { MAX_REPEAT_HOURS, MAX_THRESHOLD_DAYS } from '../../../../shared/domains/tickets/limits.ts';
import type { SettingsView } from '../../api/settings.ts';
import { wholeIn } from '../base/numbers.ts';
import { SettingsPart } from './part.tsx';
import { useSettingsTexts } from './texts.ts';

interface Stage {
  /** A key for React: a stage without a typed name has no other. */
  key: number;
  name: string;
  /** Empty if the general threshold holds. */
  days: string;
  excluded: boolean;
}

/** The rules by which a ticket is late, in general and by stage, and how soon that is alerted again. */
export function AlertSettings({ stored }: { stored: SettingsView['alerts'] }) {
  const texts = useSettingsTexts();
  const [typedDays, setDays] = useState(String(stored.threshold_days));
  const [typedHours, setHours] = useState(String(stored.repeat_hours));
  const [stages, setStages] = useState(() => stagesOf(stored));
  const [ticketUrl, setTicketUrl] = useState(stored.ticket_url ?? '');
  const days = wholeIn(typedDays, 1, MAX_THRESHOLD_DAYS);
  const hours = wholeIn(typedHours, 1, MAX_REPEAT_HOURS);
  const alerts = {
    threshold_days: days,
    repeat_hours: hours,
    stages: changes(stored, stages),
    ticket_url: ticketUrl.trim() || null,
    updated_at: stored.updated_at,
  };
  const isWhole = days !== null && hours !== null && stages.every(isSound);
  return (
    <SettingsPart title={texts.alerts} change={isWhole ? { alerts } : null}>
      {(showsFaults) => (
        <>
          <TextInput
            label={texts.days}
            description={texts.daysHelp(MAX_THRESHOLD_DAYS)}
            inputMode="numeric"
            maw={420}
            value={typedDays}
            onChange={({ currentTarget }) => setDays(currentTarget.value)}
            error={showsFaults && days === null && texts.whole(1, MAX_THRESHOLD_DAYS)}
          />
          <TextInput
            label={texts.repeat}
            description={texts.repeatHelp(MAX_REPEAT_HOURS)}
            inputMode="numeric"
            maw={420}
            value={typedHours}
            onChange={({ currentTarget }) => setHours(currentTarget.value)}
            error={showsFaults && hours === null && texts.whole(1, MAX_REPEAT_HOURS)}
          />
          <TextInput
            label={texts.ticketUrl}
            description={texts.ticketUrlHelp}
            type="url"
            maw={420}
            value={ticketUrl}
            onChange={({ currentTarget }) => setTicketUrl(currentTarget.value)}
          />
          <Stages stages={stages} change={setStages} showsFaults={showsFaults} />
        </>
      )}
    </SettingsPart>
  );
}

interface StagesProps {
  stages: Stage[];
  change(stages: Stage[]): void;
  showsFaults: boolean;
}

function Stages({ stages, change, showsFaults }: StagesProps) {
  const texts = useSettingsTexts();
  const edit = (key: number, fields: Partial<Stage>) =>
    change(stages.map((stage) => (stage.key === key ? { ...stage, ...fields } : stage)));
  const key = Math.max(0, ...stages.map((stage) => stage.key)) + 1;
  return (
    <fieldset className="stages">
      <legend>{texts.stages}</legend>
      {stages.length === 0 && (
        <Text size="sm" c="dimmed">
          {texts.noStages}
        </Text>
      )}
      {stages.map((stage) => (
        <Group key={stage.key} align="flex-start" gap="xs" mb="xs">
          <TextInput
            aria-label={texts.stage}
            placeholder={texts.stage}
            value={stage.name}
            onChange={({ currentTarget }) => edit(stage.key, { name: currentTarget.value })}
            error={showsFaults && stage.name.trim() === ''}
          />
          <TextInput
            aria-label={`${texts.days} ${stage.name}`}
            inputMode="numeric"
            w={90}
            value={stage.days}
            onChange={({ currentTarget }) => edit(stage.key, { days: currentTarget.value })}
            disabled={stage.excluded}
            error={showsFaults && !isSound(stage)}
          />
          <Checkbox
            label={texts.excluded}
            aria-label={texts.excludedOf(stage.name)}
            checked={stage.excluded}
            mt={8}
            onChange={({ currentTarget }) => edit(stage.key, { excluded: currentTarget.checked })}
          />
          <Button
            variant="subtle"
            color="red"
            aria-label={texts.remove(stage.name)}
            onClick={() => change(stages.filter((one) => one !== stage))}
          >
            ✕
          </Button>
        </Group>
      ))}
      <Button
        size="compact-sm"
        variant="light"
        onClick={() => change([...stages, { key, name: '', days: '', excluded: false }])}
      >
        {texts.addStage}
      </Button>
    </fieldset>
  );
}

const isSound = ({ name, days, excluded }: Stage) =>
  name.trim() !== '' && (excluded || wholeIn(days, 1, MAX_THRESHOLD_DAYS) !== null);

function stagesOf({ stages }: SettingsView['alerts']): Stage[] {
  return Object.entries(stages).map(([name, { threshold_days, excluded }], key) => ({
    key,
    name,
    days: String(threshold_days ?? ''),
    excluded: excluded ?? false,
  }));
}

/** The stages as they are to be; null takes one away. */
function changes(stored: SettingsView['alerts'], stages: readonly Stage[]) {
  const wanted = stages.map(({ name, days, excluded }) => {
    const threshold = wholeIn(days, 1, MAX_THRESHOLD_DAYS);
    return [name.trim(), { excluded, ...(threshold === null ? {} : { threshold_days: threshold }) }] as const;
  });
  const gone = Object.keys(stored.stages).filter((name) => !wanted.some(([kept]) => kept === name));
  return Object.fromEntries([...wanted, ...gone.map((name) => [name, null] as const)]);
}
