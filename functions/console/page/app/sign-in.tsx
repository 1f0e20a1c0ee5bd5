import { Alert, Button, Paper, Stack, Text, Title } from '@mantine/core';
import { useLanguage } from '../base/language.tsx';
import { useTitle } from '../base/title.ts';
import { Lantern } from './lantern.tsx';

interface Props {
  why: 'none' | 'expired' | 'failed' | 'noIssuer' | 'unreachable';
  begin(): void;
}

/** The page before sign-in; it has no data. */
export function SignInPage({ why, begin }: Props) {
  const { texts } = useLanguage();
  useTitle(texts.signIn.title);
  return (
    <Paper withBorder radius="md" p="xl" maw={440} mx="auto" mt="10vh">
      <Stack gap="lg">
        <Lantern size={48} />
        <div>
          <Title order={1} size="h2">
            {texts.signIn.title}
          </Title>
          <Text c="dimmed" mt="xs">
            {texts.signIn.intro}
          </Text>
        </div>
        {why !== 'none' && (
          <Alert color={why === 'expired' ? 'blue' : 'red'} role="alert">
            {texts.signIn[why]}
          </Alert>
        )}
        {why !== 'noIssuer' && (
          <Button size="md" onClick={begin}>
            {texts.signIn.button}
          </Button>
        )}
      </Stack>
    </Paper>
  );
}
