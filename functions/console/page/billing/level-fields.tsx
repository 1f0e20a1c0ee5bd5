import { Button, Group, Text, TextInput } from '@mantine/core';
import type { TypedLevel } from './form.ts';
import { useBillingTexts } from './texts.ts';

interface Props {
  type: 'invoice' | 'quote';
  levels: readonly TypedLevel[];
  change(levels: TypedLevel[]): void;
  fault: string | null;
}

/** After how many days which mail goes. */
export function LevelFields({ type, levels, change, fault }: Props) {
  const texts = useBillingTexts();
  const edit = (key: number, fields: Partial<TypedLevel>) =>
    change(levels.map((level) => (level.key === key ? { ...level, ...fields } : level)));
  const key = Math.max(0, ...levels.map((level) => level.key)) + 1;
  return (
    <fieldset className="stages">
      <legend>{texts.levels[type]}</legend>
      {levels.length === 0 && (
        <Text size="sm" c="dimmed">
          {texts.none}
        </Text>
      )}
      {levels.map((level, index) => (
        <Group key={level.key} gap="xs" mb="xs" wrap="nowrap">
          <TextInput
            aria-label={`${texts.level(index + 1)}${texts.separator}${texts.days}`}
            inputMode="numeric"
            w={80}
            value={level.days}
            onChange={({ currentTarget }) => edit(level.key, { days: currentTarget.value })}
          />
          <TextInput
            className="grow"
            aria-label={`${texts.level(index + 1)}${texts.separator}${texts.template}`}
            value={level.template}
            onChange={({ currentTarget }) => edit(level.key, { template: currentTarget.value })}
          />
          <Button
            variant="subtle"
            color="red"
            aria-label={texts.removeLevel(index + 1)}
            onClick={() => change(levels.filter((one) => one !== level))}
          >
            ✕
          </Button>
        </Group>
      ))}
      {fault && (
        <Text size="sm" c="var(--ronde-fault)" role="alert">
          {fault}
        </Text>
      )}
      <Button
        size="compact-sm"
        variant="light"
        onClick={() => change([...levels, { key, days: '', template: '' }])}
      >
        {texts.addLevel}
      </Button>
    </fieldset>
  );
}
