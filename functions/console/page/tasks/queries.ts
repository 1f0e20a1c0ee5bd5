import { type QueryClient, useQuery, useQueryClient } from '@tanstack/react-query';
import type { RunLine, RunView } from '../../../../shared/runtime/run-view.ts';
import type { Page } from '../../api/paging.ts';
import type { RunItems } from '../../api/tasks/run-items.ts';
import type { TaskItem, TaskList } from '../../api/tasks/tasks.ts';
import type { Api } from '../base/api.ts';
import { usePages } from '../base/pages.ts';
import { useSignedIn } from '../base/signed-in.ts';

/** A strip shows this many runs; the API answers no more. */
export const STRIP = 50;

/** How often the tasks are looked at again, while the page is visible. */
const LOOK_MS = 15_000;
/** A run that is under way is looked at this often: it tells how far it is every five seconds. */
const BUSY_MS = 5_000;
/** A look asks for so few runs of each task, and adds them to those it knows: each run is a read that is paid for. */
const NEWEST = 5;

/** The tasks, looked at again and again; the whole strip is read once. */
export function useTasks() {
  const { api } = useSignedIn();
  const client = useQueryClient();
  return useQuery({
    queryKey: ['tasks'],
    queryFn: ({ signal }) => lookAgain(client, api, signal),
    refetchInterval: ({ state: { data } }) =>
      data?.items.some(({ last_runs: [last] }) => last && isUnderWay(last)) ? BUSY_MS : LOOK_MS,
  });
}

/** Returns true if a run has not ended: it works, or waits for its batches. */
export const isUnderWay = ({ outcome }: Pick<RunLine, 'outcome'>): boolean =>
  outcome === null || outcome === 'dispatched';

/** Reads the run of a task that is at work now, again and again while a dialog shows it. Null without one. */
export function useRunning(task: string, asked: boolean) {
  const { api } = useSignedIn();
  return useQuery({
    queryKey: ['running', task],
    enabled: asked,
    queryFn: async ({ signal }) => {
      const query = new URLSearchParams({ task, outcome: 'running', limit: '1' });
      const { items } = await api.get<Page<RunLine>>(`/v1/admin/runs?${query}`, signal);
      return items[0] ?? null;
    },
    refetchInterval: BUSY_MS,
    gcTime: 0,
  });
}

async function lookAgain(client: QueryClient, api: Api, signal: AbortSignal): Promise<TaskList> {
  const known = client.getQueryData<TaskList>(['tasks']);
  const all = () => api.get<TaskList>(`/v1/admin/tasks?runs=${STRIP}`, signal);
  if (!known) return all();
  const newest = await api.get<TaskList>(`/v1/admin/tasks?runs=${NEWEST}`, signal);
  const items = newest.items.map((item) => joined(known, item));
  return items.includes(null) ? all() : { ...newest, items: items as TaskItem[] };
}

/** Joins the known runs of a task and its newest ones. Returns null if runs between them are missing. */
function joined(known: TaskList, item: TaskItem): TaskItem | null {
  const before = known.items.find(({ id }) => id === item.id)?.last_runs ?? [];
  const fresh = new Set(item.last_runs.map(({ id }) => id));
  const gap = item.last_runs.length === NEWEST && !before.some(({ id }) => fresh.has(id));
  if (gap) return null;
  const kept = before.filter(({ id }) => !fresh.has(id));
  return { ...item, last_runs: [...item.last_runs, ...kept].slice(0, STRIP) };
}

export function useRun(id: string) {
  const { api } = useSignedIn();
  return useQuery({
    queryKey: ['run', id],
    queryFn: ({ signal }) => api.get<RunView>(`/v1/admin/runs/${encodeURIComponent(id)}`, signal),
    // A run under way is looked at until it has ended.
    refetchInterval: ({ state }) => (state.data && isUnderWay(state.data) ? BUSY_MS : false),
  });
}

/** The ledger, a page at a time. */
export function useRuns(task: string, outcome: string) {
  return usePages<RunLine>(['runs', task, outcome], '/v1/admin/runs', { task, outcome });
}

/** The follow-ups or alerts that a run has decided about. */
export function useRunItems(id: string, isAsked: boolean) {
  const { api } = useSignedIn();
  return useQuery({
    queryKey: ['run', id, 'items'],
    enabled: isAsked,
    queryFn: ({ signal }) => api.get<RunItems>(`/v1/admin/runs/${encodeURIComponent(id)}/items`, signal),
  });
}
