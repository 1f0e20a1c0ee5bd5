import { Group } from '@mantine/core';
import type { FolderView } from '../../api/inbox/views.ts';
import { whole } from '../base/format.ts';
import { useLanguage } from '../base/language.tsx';
import { Mark } from '../ui/outcome.tsx';
import { Empty, Failure, Loading } from '../ui/state.tsx';
import { useFolders } from './queries.ts';
import { useInboxTexts } from './texts.ts';

/** How far each folder of a mailbox is: what is stored, what is missing, and why. */
export function Folders({ id }: { id: string }) {
  const texts = useInboxTexts();
  const { data, error, isPending, refetch } = useFolders(id);
  if (isPending) return <Loading />;
  if (!data) return <Failure error={error} retry={() => void refetch()} />;
  if (data.items.length === 0) return <Empty>{texts.box.noFolders}</Empty>;
  return (
    <ul className="lines" aria-label={texts.box.folders}>
      {data.items.map((folder) => (
        <FolderLine key={folder.id} folder={folder} />
      ))}
    </ul>
  );
}

function FolderLine({ folder }: { folder: FolderView }) {
  const { language } = useLanguage();
  const texts = useInboxTexts();
  const { failing, outside, missing, backfilling, resets, exists } = folder;
  const counted = folder.stored - missing + outside;
  const isIncomplete = exists !== null && !backfilling && exists !== counted;
  return (
    <li className="line folder wrapped">
      <strong>{folder.path}</strong>
      <span>{texts.box.stored(whole(folder.stored, language))}</span>
      <Group gap={6}>
        {backfilling && <Mark color="blue">{texts.box.backfilling}</Mark>}
        {isIncomplete && (
          <Mark color="orange">
            {texts.box.incomplete(whole(exists, language), whole(counted, language))}
          </Mark>
        )}
        {failing.length > 0 && <Mark color="orange">{texts.box.failing(failing.length)}</Mark>}
        {missing > 0 && <Mark color="gray">{texts.box.missing(missing)}</Mark>}
        {outside > 0 && <Mark color="gray">{texts.box.outside(whole(outside, language))}</Mark>}
        {resets > 0 && <Mark color="gray">{texts.box.resets(resets)}</Mark>}
        {failing.map(({ uid, reason }) => (
          <code key={uid} lang="en">
            UID {uid}: {reason}
          </code>
        ))}
      </Group>
    </li>
  );
}
