import { Paper } from '@mantine/core';
import type { ReactNode } from 'react';

/** A list of names with values. A row without a value is hidden. */
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
