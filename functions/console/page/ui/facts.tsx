import { Paper } from '@mantine/core';
import type { ReactNode } from 'react';

/** Names and what they are; what is not known is left out. */
export function Facts({ facts }: { facts: readonly (readonly [string, ReactNode])[] }) {
  return (
    <Paper withBorder radius="md" p="md">
      <dl className="table">
        {facts
          .filter(([, value]) => value !== null && value !== undefined && value !== '' && value !== false)
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd className="wrapped">{value}</dd>
            </div>
          ))}
      </dl>
    </Paper>
  );
}
