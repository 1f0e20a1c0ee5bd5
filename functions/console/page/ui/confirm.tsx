import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useLanguage } from '../base/language.tsx';

interface Props {
  opened: boolean;
  title: string;
  /** The action that needs a confirmation. */
  ask?: string;
  /** The button that does it. */
  label: string;
  color?: string;
  pending?: boolean;
  /** Why it may not be done yet. */
  disabled?: boolean;
  children?: ReactNode;
  confirm(): void;
  close(): void;
}

/** Asks once more before an act that nobody can undo. The focus returns to the button that opened it. */
export function Confirm({ opened, title, ask, label, color = 'blue', children, ...rest }: Props) {
  const { texts } = useLanguage();
  return (
    <Modal
      opened={opened}
      onClose={rest.close}
      title={title}
      transitionProps={{ duration: 0 }}
      closeButtonProps={{ 'aria-label': texts.state.close }}
    >
      <Stack>
        {ask && <Text className="wrapped">{ask}</Text>}
        {children}
        <Group>
          <Button
            color={color}
            loading={rest.pending ?? false}
            disabled={rest.disabled ?? false}
            onClick={rest.confirm}
          >
            {label}
          </Button>
          <Button variant="default" onClick={rest.close} data-autofocus>
            {texts.state.cancel}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
