import { useEffect } from 'react';

const NAME = 'Ronde';

/** Names the browser's tab after the page, with the count of what waits for a person: "(3) Home · Ronde". */
export function useTitle(page: string, count = 0): void {
  useEffect(() => {
    document.title = `${count > 0 ? `(${count}) ` : ''}${page} · ${NAME}`;
  }, [page, count]);
}
