import { Title } from '@mantine/core';
import type { ReactNode } from 'react';

interface Props {
  id: string;
  title: string;
  size?: 'h3' | 'h4';
  /** Space below the title. */
  mb?: 'xs';
  children: ReactNode;
}

/** A part of a page under its title, which names it for assistive technology too. */
export function Section({ id, title, size = 'h4', mb, children }: Props) {
  return (
    <section aria-labelledby={id}>
      <Title order={2} size={size} id={id} {...(mb ? { mb } : {})}>
        {title}
      </Title>
      {children}
    </section>
  );
}
