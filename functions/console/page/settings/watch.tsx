import { NativeSelect, Textarea } from '@mantine/core';
import { useState } from 'react';
import { MAX_OPERATORS } from '../../../../shared/domains/watch/limits.ts';
import type { SettingsView } from '../../api/settings.ts';
import { looksLikeEmail } from '../base/email.ts';
import { LANGUAGE_CHOICES, type Language, useLanguage } from '../base/language.tsx';
import { SettingsPart } from './part.tsx';
import { useSettingsTexts } from './texts.ts';

/** The people who are notified when a task does not run as it should. */
export function WatchSettings({ stored }: { stored: SettingsView['watch'] }) {
  const { texts } = useLanguage();
  const words = useSettingsTexts();
  const [typed, setTyped] = useState(stored.operators.join('\n'));
  const [locale, setLocale] = useState(stored.locale);
  const operators = typed.split(/[\s,;]+/).filter((part) => part !== '');
  const isSound = operators.every(looksLikeEmail);
  const watch = { operators, locale, updated_at: stored.updated_at };
  return (
    <SettingsPart title={words.watch} change={isSound ? { watch } : null}>
      {(showsFaults) => (
        <>
          <Textarea
            id="operators"
            label={words.operators}
            description={words.operatorsHelp(MAX_OPERATORS)}
            maw={420}
            rows={3}
            value={typed}
            onChange={({ currentTarget }) => setTyped(currentTarget.value)}
            error={showsFaults && !isSound ? texts.error.badEmail : null}
          />
          <NativeSelect
            label={words.watchLocale}
            maw={420}
            value={locale}
            onChange={({ currentTarget }) => setLocale(currentTarget.value as Language)}
            data={LANGUAGE_CHOICES}
          />
        </>
      )}
    </SettingsPart>
  );
}
