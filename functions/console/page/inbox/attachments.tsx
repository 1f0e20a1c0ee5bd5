import { Button, Group } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import type { MessageLine } from '../../../../shared/domains/inbox/mailbox/views.ts';
import type { Attachment } from '../../../../shared/domains/inbox/message/structure.ts';
import { faultText } from '../base/faults.ts';
import { bytes } from '../base/format.ts';
import { keepFile } from '../base/keep-file.ts';
import { useLanguage } from '../base/language.tsx';
import { useNotify } from '../base/notify.ts';
import { useSignedIn } from '../base/signed-in.ts';
import { useInboxTexts } from './texts.ts';

/** The attachments of a mail: each is fetched from the mail server when somebody asks for it, and kept as a file. */
export function Attachments({ mail }: { mail: MessageLine }) {
  const texts = useInboxTexts();
  return (
    <Group gap="xs" role="group" aria-label={texts.thread.attachments}>
      {mail.attachments.map((attachment) => (
        <Download key={attachment.part} messageId={mail.id} attachment={attachment} />
      ))}
    </Group>
  );
}

function Download({ messageId, attachment }: { messageId: string; attachment: Attachment }) {
  const { api } = useSignedIn();
  const { language, texts: common } = useLanguage();
  const texts = useInboxTexts();
  const notify = useNotify();
  const { part, filename, size } = attachment;
  const name = filename || texts.thread.unnamed(part);
  const { mutate, isPending } = useMutation({
    mutationFn: () =>
      api.download(
        `/api/inbox/messages/${encodeURIComponent(messageId)}/attachments/${encodeURIComponent(part)}`,
      ),
    onSuccess: (content) => keepFile(content, name),
    onError: (error) =>
      notify({ color: 'red', title: texts.thread.failed(name), message: faultText(error, common) }),
  });
  return (
    <Button
      size="compact-md"
      variant="default"
      className="wrapped attachment"
      loading={isPending}
      onClick={() => mutate()}
    >
      <bdi>{texts.thread.download(name, bytes(size ?? null, language))}</bdi>
    </Button>
  );
}
