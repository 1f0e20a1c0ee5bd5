import { Stack, Title } from '@mantine/core';
import { Link } from 'wouter';
import { useThread } from '../inbox-queries.ts';
import { Message } from '../parts/inbox/message.tsx';
import { Empty, Failure, Loading } from '../parts/state.tsx';
import { useInboxTexts } from '../texts/inbox.ts';

/** A conversation, the newest mail opened. */
export default function ThreadPage({ id }: { id: string }) {
  const texts = useInboxTexts();
  const { data, error, isPending, refetch } = useThread(id);
  if (isPending) return <Loading />;
  if (!data) return <Failure error={error} retry={() => void refetch()} />;
  const newest = data.at(-1);
  if (!newest) return <Empty>{texts.thread.missing}</Empty>;
  return (
    <Stack gap="lg">
      <div>
        <Link href="/inbox">{texts.thread.back}</Link>
        <Title order={1} size="h2" className="wrapped">
          {newest.subject || texts.noSubject}
        </Title>
      </div>
      <ol className="messages">
        {data.map((mail) => (
          <Message key={mail.id} mail={mail} open={mail === newest} />
        ))}
      </ol>
    </Stack>
  );
}
