import { Button, Group, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { MAX_REPEAT_HOURS, MAX_THRESHOLD_DAYS } from '../../../../shared/domains/tickets/limits.ts';
import type { SettingsView } from '../../api/settings.ts';
import { wholeIn } from '../base/numbers.ts';
import { SettingsPart } from './part.tsx';
import { useSettingsTexts } from './texts.ts';

interface Stage {
  /** A key of this form only: a stage without a typed name has no other. */
  key: number;
  name: string;
  days: string;
}

/** The rules by which a ticket is late, in general and by stage, and how soon that is alerted again. */
export function AlertSettings({ stored }: { stored: SettingsView['alerts'] }) {
  const texts = useSettingsTexts();
  const [typedDays, setDays] = useState(String(stored.threshold_days));
  const [typedHours, setHours] = useState(String(stored.repeat_hours));
  const [stages, setStages] = useState(() => stagesOf(stored));
  const days = wholeIn(typedDays, 1, MAX_THRESHOLD_DAYS);
  const hours = wholeIn(typedHours, 1, MAX_REPEAT_HOURS);
  const alerts = {
    threshold_days: days,
    repeat_hours: hours,
    stages: changes(stored, stages),
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
            error={showsFaults && wholeIn(stage.days, 1, MAX_THRESHOLD_DAYS) === null}
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
        onClick={() => change([...stages, { key, name: '', days: '' }])}
      >
        {texts.addStage}
      </Button>
    </fieldset>
  );
}

const isSound = ({ name, days }: Stage) =>
  name.trim() !== '' && wholeIn(days, 1, MAX_THRESHOLD_DAYS) !== null;

function stagesOf({ stages }: SettingsView['alerts']): Stage[] {
  return Object.entries(stages).map(([name, { threshold_days }], key) => ({
    key,
    name,
    days: String(threshold_days),
  }));
}

/** The stages as they are to be; null takes one away. */
function changes(stored: SettingsView['alerts'], stages: readonly Stage[]) {
  const wanted = stages.map(({ name, days }) => [name.trim(), { threshold_days: Number(days) }] as const);
  const gone = Object.keys(stored.stages).filter((name) => !wanted.some(([kept]) => kept === name));
  return Object.fromEntries([...wanted, ...gone.map((name) => [name, null] as const)]);
}
