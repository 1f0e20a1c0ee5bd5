'use client';
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
export function usePageTracking(options: TrackOptions): Pick<PageVisits, 'login' | 'logout' | 'optOut'> {
  const { endpoint, path, title } = options;
  const visits = useRef<PageVisits | null>(null);
  const latest = useRef(options);
  useEffect(() => {
    latest.current = options;
  });
  useEffect(() => {
    if (path !== undefined) visits.current?.navigate(path, title || undefined);
  }, [path, title]);
  useEffect(() => {
    let mounted = true;
    // Strict mode mounts, unmounts and mounts again at once: only the mount that lasts begins a visit.
    queueMicrotask(() => {
      if (!mounted) return;
      visits.current = trackPageVisits({
        ...latest.current,
        endpoint,
        getToken: (refresh) => latest.current.getToken(refresh),
        mapPath: (path) => (latest.current.mapPath ? latest.current.mapPath(path) : path),
      });
    });
    return () => {
      mounted = false;
      visits.current?.stop();
      visits.current = null;
    };
  }, [endpoint]);
  return {
    login: useCallback(() => visits.current?.login(), []),
    logout: useCallback(async () => visits.current?.logout(), []),
    optOut: useCallback((out?: boolean) => visits.current?.optOut(out), []),
  };
}

/**
 * Reports that the person is present while the component is mounted. Use it once, at the root. Call `login` after a
 * sign-in, and await `logout` before the token is revoked.
 *
 * @example
 * const { logout } = usePresence({ endpoint: '/v1', getToken, onEnd: () => navigate('/sign-in') });
 */
export function usePresence(options: PresenceOptions): Pick<Presence, 'login' | 'logout'> {
  const { endpoint } = options;
  const presence = useRef<Presence | null>(null);
  const latest = useRef(options);
  useEffect(() => {
    latest.current = options;
  });
  useEffect(() => {
    let mounted = true;
    // As above: only the mount that lasts reports presence.
    queueMicrotask(() => {
      if (!mounted) return;
      presence.current = keepPresence({
        ...latest.current,
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
  return {
    login: useCallback(async () => (await presence.current?.login()) ?? false, []),
    logout: useCallback(async () => (await presence.current?.logout()) ?? false, []),
  };
}
