import { notifications } from '@mantine/notifications';
import { useLanguage } from './language.tsx';

interface PageNotice {
  color: 'teal' | 'red';
  title?: string;
  message: string;
}

/** Shows the result of an act for a few seconds; assistive technology reads it out. */
export function useNotify(): (notice: PageNotice) => void {
  const { texts } = useLanguage();
  return (notice) => {
    notifications.show({
      ...notice,
      // An error stays until the person has read and closed it.
      ...(notice.color === 'red' ? { autoClose: false } : {}),
      closeButtonProps: { 'aria-label': texts.state.close },
    });
  };
}
