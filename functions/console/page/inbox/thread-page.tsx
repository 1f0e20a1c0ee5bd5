import { Stack, Title } from '@mantine/core';
import { Link } from 'wouter';
import { useTitle } from '../base/title.ts';
import { Empty, Failure, Loading } from '../ui/state.tsx';
import { Message } from './message.tsx';
import { useThread } from './queries.ts';
import { useInboxTexts } from './texts.ts';

/** A conversation, the newest mail opened. */
export default function ThreadPage({ id }: { id: string }) {
  const texts = useInboxTexts();
  const { data, error, isPending, refetch } = useThread(id);
  useTitle(data?.at(-1)?.subject || texts.title);
  if (isPending) return <Loading />;
  if (!data) return <Failure error={error} retry={() => void refetch()} />;
  const newest = data.at(-1);
  if (!newest) return <Empty>{texts.thread.missing}</Empty>;
  return (
    <Stack gap="lg">
      <div>
        <Link href="/inbox">{texts.thread.back}</Link>
        <Title order={1} size="h2" className="wrapped">
          <bdi>{newest.subject || texts.noSubject}</bdi>
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
