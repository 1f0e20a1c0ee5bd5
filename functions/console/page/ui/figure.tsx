import { Paper, Text } from '@mantine/core';

/** A number with its label. */
export function Figure({ name, value, fault = false }: { name: string; value: string; fault?: boolean }) {
  return (
    <Paper withBorder radius="md" p="md" role="group" aria-label={name}>
      <Text size="sm" c="dimmed">
        {name}
      </Text>
      <Text fw={700} size="xl" {...(fault ? { c: 'var(--ronde-fault)' } : {})}>
        {value}
      </Text>
    </Paper>
  );
}
