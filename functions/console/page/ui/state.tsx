import { Alert, Button, Code, Group, Loader, Stack, Text } from '@mantine/core';
import { ApiError } from '../base/api.ts';
import { faultText } from '../base/faults.ts';
import { useLanguage } from '../base/language.tsx';

/** Something is on its way. */
export function Loading() {
  const { texts } = useLanguage();
  return (
    <Group role="status" justify="center" py="xl">
      <Loader size="sm" aria-hidden="true" />
      <Text c="dimmed">{texts.state.loading}</Text>
    </Group>
  );
}

/** There is nothing to show, which is no fault. */
export function Empty({ children }: { children: string }) {
  return (
    <Text c="dimmed" py="md">
      {children}
    </Text>
  );
}

interface FailureProps {
  error: unknown;
  retry?: () => void;
  /** The text for a thing that does not exist, which no retry brings. */
  missing?: string;
}

/** An error in words, the server's own words for the person who repairs it, and a button to try again. */
export function Failure({ error, retry, missing }: FailureProps) {
  const { texts } = useLanguage();
  if (missing !== undefined && error instanceof ApiError && error.status === 404)
    return <Empty>{missing}</Empty>;
  return (
    <Alert color="red" role="alert" title={faultText(error, texts)}>
      <Stack gap="xs" align="flex-start">
        <Detail error={error} />
        {retry && (
          <Button size="compact-sm" variant="default" onClick={retry}>
            {texts.state.retry}
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

/** The server's own words, in English. */
function Detail({ error }: { error: unknown }) {
  const { texts } = useLanguage();
  const { status, message } = error instanceof ApiError ? error : { status: 0, message: String(error) };
  return (
    <Text size="sm" component="div">
      {texts.state.detail}
      {texts.colon}
      <Code lang="en" className="wrapped">
        {status > 0 ? `${status} ` : ''}
        {message}
      </Code>
    </Text>
  );
}
