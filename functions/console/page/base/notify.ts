import { notifications } from '@mantine/notifications';
import { useLanguage } from './language.tsx';

interface Told {
  color: 'teal' | 'red';
  title?: string;
  message: string;
}

/** Tells the person in passing, and every assistive technology too, what came of what they asked for. */
export function useNotify(): (told: Told) => void {
  const { texts } = useLanguage();
  return (told) => {
    notifications.show({ ...told, closeButtonProps: { 'aria-label': texts.state.close } });
  };
}
