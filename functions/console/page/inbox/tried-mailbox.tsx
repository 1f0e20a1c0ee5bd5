import { Alert, Checkbox, Code, Stack, Text } from '@mantine/core';
import type { MailboxReport } from '../../../../shared/domains/inbox/mailbox/try-mailbox.ts';
import { whole } from '../base/format.ts';
import { useLanguage } from '../base/language.tsx';
import { useInboxTexts } from './texts.ts';

interface Props {
  report: MailboxReport;
  folders: string[];
  choose(folders: string[]): void;
}

/** The result of trying a mailbox: its server's capabilities and folders, or the reason why it fails. */
export function Tried({ report, folders, choose }: Props) {
  const { language, texts } = useLanguage();
  const words = useInboxTexts();
  if (report.error)
    return (
      <Alert color="red" role="alert" title={words.add.fails}>
        {words.fault[report.error.kind]}
        <Text size="sm" component="div">
          {words.add.serverSays}
          {texts.colon}
          <Code lang="en" className="wrapped">
            {report.error.detail}
          </Code>
        </Text>
      </Alert>
    );
  return (
    <>
      <Alert color="teal" role="status" title={words.add.works}>
        <details>
          <summary>{words.add.can(report.capabilities.length)}</summary>
          <Code lang="en" className="wrapped">
            {report.capabilities.join(' ')}
          </Code>
        </details>
      </Alert>
      <Checkbox.Group
        label={words.add.folders}
        value={folders}
        onChange={choose}
        error={folders.length === 0 ? words.add.noFolder : null}
      >
        <Stack gap="xs" mt="xs">
          {report.folders.map(({ path, messages }) => (
            <Checkbox
              key={path}
              value={path}
              className="wrapped"
              label={messages === null ? path : words.add.folder(path, whole(messages, language))}
            />
          ))}
        </Stack>
      </Checkbox.Group>
    </>
  );
}
