import { createElement, StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { usePageTracking, usePresence } from '../../../shared/browser/react.ts';

declare const SETTINGS: { endpoint: string; presenceEndpoint: string; token: string };

/** A single-page app whose router is two buttons. */
function App() {
  const [path, setPath] = useState('/list');
  const { logout } = usePageTracking({
    endpoint: SETTINGS.endpoint,
    getToken: () => SETTINGS.token,
    path,
    title: `App ${path}`,
  });
  const presence = usePresence({
    endpoint: SETTINGS.presenceEndpoint,
    getToken: () => SETTINGS.token,
  });
  const button = (id: string, onClick: () => void) =>
    createElement('button', { type: 'button', id, onClick }, id);
  return createElement('main', {}, [
    button('detail', () => setPath('/detail')),
    button('again', () => setPath((same) => `${same}`)),
    button('logout', () => void Promise.all([logout(), presence.logout()])),
  ]);
}

const root = createRoot(document.body.appendChild(document.createElement('div')));
root.render(createElement(StrictMode, null, createElement(App)));
Object.assign(window, { unmount: () => root.unmount() });
