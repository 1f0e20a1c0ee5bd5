import { Button } from '@mantine/core';
import { useLanguage } from '../base/language.tsx';

interface Props {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage(): unknown;
}

/** A button for the next page of a list; hidden on the last one. */
export function MoreButton({ list, label }: { list: Props; label?: string }) {
  const { texts } = useLanguage();
  if (!list.hasNextPage) return null;
  return (
    <Button
      variant="default"
      mt="sm"
      loading={list.isFetchingNextPage}
      onClick={() => void list.fetchNextPage()}
    >
      {label ?? texts.state.more}
    </Button>
  );
}
