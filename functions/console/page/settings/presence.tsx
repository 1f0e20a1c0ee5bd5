import { TextInput } from '@mantine/core';
import { useState } from 'react';
import { MAX_THRESHOLD_MINUTES, MIN_THRESHOLD_MINUTES } from '../../../../shared/domains/presence/limits.ts';
import type { SettingsView } from '../../api/settings.ts';
import { wholeIn } from '../base/numbers.ts';
import { SettingsPart } from './part.tsx';
import { useSettingsTexts } from './texts.ts';

/** The rule by which a user counts as online. */
export function PresenceSettings({ stored }: { stored: SettingsView['presence'] }) {
  const texts = useSettingsTexts();
  const [minutes, setMinutes] = useState(String(stored.online_threshold_minutes));
  const value = wholeIn(minutes, MIN_THRESHOLD_MINUTES, MAX_THRESHOLD_MINUTES);
  const presence = { online_threshold_minutes: value, updated_at: stored.updated_at };
  const fault = value === null ? texts.whole(MIN_THRESHOLD_MINUTES, MAX_THRESHOLD_MINUTES) : null;
  return (
    <SettingsPart title={texts.presence} change={value === null ? null : { presence }}>
      {(showsFaults) => (
        <TextInput
          label={texts.threshold}
          description={texts.thresholdHelp(MIN_THRESHOLD_MINUTES, MAX_THRESHOLD_MINUTES)}
          inputMode="numeric"
          maw={420}
          value={minutes}
          onChange={({ currentTarget }) => setMinutes(currentTarget.value)}
          error={showsFaults && fault}
        />
      )}
    </SettingsPart>
  );
}
