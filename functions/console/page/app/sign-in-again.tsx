import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { useLanguage } from '../base/language.tsx';
import { type Session, signInElsewhere } from './session.ts';

interface Props {
  /** Goes on with a new session. */
  again(session: Session): void;
  out(): void;
}

/** The session has ended while somebody works: the page stays as it is behind this, until they have signed in again. */
export default function SignInAgain({ again, out }: Props) {
  const { texts } = useLanguage();
  const forget = useRef<() => void>(undefined);
  useEffect(() => () => forget.current?.(), []);
  const begin = () => {
    forget.current?.();
    forget.current = signInElsewhere(again);
  };
  return (
    <Modal
      opened
      onClose={() => undefined}
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={false}
      title={texts.error.signedOut}
      transitionProps={{ duration: 0 }}
    >
      <Stack>
        <Text>{texts.signIn.stays}</Text>
        <Group>
          <Button data-autofocus onClick={begin}>
            {texts.signIn.again}
          </Button>
          <Button variant="default" onClick={out}>
            {texts.signIn.out}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
