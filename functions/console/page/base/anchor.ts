import { useEffect } from 'react';

/** Goes to the element that the address names after its #, once it is there, and gives it the focus. */
export function useAnchor(isReady: boolean): void {
  useEffect(() => {
    const name = decodeURIComponent(location.hash.slice(1));
    const found = isReady && name !== '' ? document.getElementById(name) : null;
    if (!found) return;
    found.tabIndex = found.tabIndex < 0 ? -1 : found.tabIndex;
    found.scrollIntoView({ block: 'center' });
    found.focus({ preventScroll: true });
  }, [isReady]);
}
