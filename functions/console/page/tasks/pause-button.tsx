import { Button } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { TaskItem } from '../../api/tasks/tasks.ts';
import { faultText } from '../base/faults.ts';
import { useLanguage } from '../base/language.tsx';
import { useNotify } from '../base/notify.ts';
import { useSignedIn } from '../base/signed-in.ts';
import { useTasksTexts } from './texts.ts';

interface Props {
  task: TaskItem;
  paused: boolean;
  /** The task's name, for assistive technology. */
  name: string;
}

/** Pauses a task at Cloud Scheduler, or resumes it. */
export function PauseButton({ task, paused, name }: Props) {
  const { texts } = useLanguage();
  const words = useTasksTexts();
  const { api } = useSignedIn();
  const client = useQueryClient();
  const notify = useNotify();
  const action = paused ? 'resume' : 'pause';
  const { mutate, isPending } = useMutation({
    mutationFn: () => api.send('POST', `/v1/admin/tasks/${encodeURIComponent(task.id)}/${action}`, {}),
    onSuccess: () =>
      notify({ color: 'teal', message: paused ? words.list.resumed_done : words.list.paused_done }),
    onError: (error) => notify({ color: 'red', message: faultText(error, texts) }),
    onSettled: () => client.invalidateQueries({ queryKey: ['tasks'] }),
  });
  return (
    <Button
      size="compact-sm"
      variant="default"
      aria-label={`${words.list[action]}${words.list.of}${name}`}
      loading={isPending}
      onClick={() => mutate()}
    >
      {words.list[action]}
    </Button>
  );
}
