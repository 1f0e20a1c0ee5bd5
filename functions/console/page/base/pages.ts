import { useInfiniteQuery } from '@tanstack/react-query';
import type { Page } from '../../api/paging.ts';
import { useSignedIn } from './signed-in.ts';

/** A list of the admin API, a page at a time; empty parameters are left out. */
export function usePages<T>(
  key: string[],
  path: string,
  params: Record<string, string>,
  { limit = 50, refetchInterval = false }: { limit?: number; refetchInterval?: number | false } = {},
) {
  const { api } = useSignedIn();
  return useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) => {
      const given = Object.entries({ ...params, page: pageParam, limit: String(limit) });
      const query = new URLSearchParams(given.filter(([, value]) => value !== ''));
      return api.get<Page<T>>(`${path}?${query}`, signal);
    },
    initialPageParam: '',
    getNextPageParam: (last) => last.next_page ?? undefined,
    refetchInterval,
  });
}
