import { useCallback, useEffect, useRef } from 'react';
import { keepPresence, type Presence, type PresenceOptions } from './presence.ts';
import { type PageVisits, type TrackOptions, trackPageVisits } from './visits.ts';

/**
 * Reports the visits of the page while the component is mounted. Use it once, at the root. With a router, pass its `path`
 * (and `title`): every change is a navigation. Without `path` it follows the address.
 *
 * @example
 * const { logout } = usePageTracking({ endpoint, getToken, path: useLocation().pathname });
 */
export function usePageTracking({ endpoint, getToken, path, title }: TrackOptions): {
  logout(): Promise<void>;
} {
  const visits = useRef<PageVisits | null>(null);
  const latest = useRef({ getToken, path, title });
  useEffect(() => {
    latest.current = { getToken, path, title };
    if (path !== undefined) visits.current?.navigate(path, title);
  }, [getToken, path, title]);
  useEffect(() => {
    let mounted = true;
    // Strict mode mounts, unmounts and mounts again at once: only the mount that lasts begins a visit.
    queueMicrotask(() => {
      if (!mounted) return;
      const { path, title } = latest.current;
      visits.current = trackPageVisits({
        endpoint,
        path,
        title,
        getToken: (refresh) => latest.current.getToken(refresh),
      });
    });
    return () => {
      mounted = false;
      visits.current?.stop();
      visits.current = null;
    };
  }, [endpoint]);
  return { logout: useCallback(async () => visits.current?.logout(), []) };
}

/**
 * Reports that the person is present while the component is mounted. Use it once, for a signed-in user. Await `logout`
 * before the token is revoked.
 *
 * @example
 * const { logout } = usePresence({ endpoint: '/v1', getToken, onEnd: () => navigate('/sign-in') });
 */
export function usePresence({ endpoint, getToken, onEnd }: PresenceOptions): {
  logout(): Promise<boolean>;
} {
  const presence = useRef<Presence | null>(null);
  const latest = useRef({ getToken, onEnd });
  useEffect(() => {
    latest.current = { getToken, onEnd };
  }, [getToken, onEnd]);
  useEffect(() => {
    let mounted = true;
    // As above: only the mount that lasts reports presence.
    queueMicrotask(() => {
      if (!mounted) return;
      presence.current = keepPresence({
        endpoint,
        getToken: (refresh) => latest.current.getToken(refresh),
        onEnd: (reason) => latest.current.onEnd?.(reason),
      });
    });
    return () => {
      mounted = false;
      presence.current?.stop();
      presence.current = null;
    };
  }, [endpoint]);
  return { logout: useCallback(async () => (await presence.current?.logout()) ?? false, []) };
}
