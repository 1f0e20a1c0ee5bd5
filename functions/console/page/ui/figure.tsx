import { Paper, Text } from '@mantine/core';

/** One number that counts, and what it is of. */
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
