'use client';
import { usePageTracking, usePresence } from '@ronde/browser/react';

declare global {
  interface Window {
    settings?: { api: string; token: string };
  }
}
const settings = () => (typeof window === 'undefined' ? undefined : window.settings);
const getToken = () => settings()?.token;

export function Presence() {
  usePageTracking({ endpoint: `${settings()?.api}/api/v1/visits`, getToken });
  usePresence({ endpoint: `${settings()?.api}/v1`, getToken });
  return null;
}
