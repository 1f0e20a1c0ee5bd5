import { maskIds } from '@ronde/browser/mask';
import { usePageTracking, usePresence } from '@ronde/browser/react';
import { StrictMode, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { BrowserRouter, Link, Navigate, Route, Routes } from 'react-router';

interface Settings {
  api: string;
  tokens: string[];
}
const settings = (await (await fetch('/settings.json')).json()) as Settings;
const session: { token: string | null } = { token: null };
const getToken = () => session.token;

function Page({ title, late }: { title: string; late?: boolean }) {
  const [shown, setShown] = useState(late ? 'Loading' : title);
  useEffect(() => {
    const timer = setTimeout(() => setShown(title), 500);
    return () => clearTimeout(timer);
  }, [title]);
  return (
    <h1>
      <title>{shown}</title>
      {shown}
    </h1>
  );
}

function App() {
  const visits = usePageTracking({ endpoint: `${settings.api}/api/v1/visits`, getToken, mapPath: maskIds });
  const presence = usePresence({ endpoint: `${settings.api}/v1`, getToken });
  const [user, setUser] = useState(false);
  const signIn = async () => {
    session.token = settings.tokens.shift() ?? null;
    setUser(true);
    visits.login();
    await presence.login();
  };
  const signOut = async () => {
    await Promise.all([visits.logout(), presence.logout()]);
    session.token = null;
    setUser(false);
  };
  return (
    <>
      <button type="button" id="sign" onClick={() => void (user ? signOut() : signIn())}>
        {user ? 'Sign out' : 'Sign in'}
      </button>
      <nav>
        <Link id="parts" to="/parts">
          Parts
        </Link>{' '}
        <Link id="old" to="/old">
          Old
        </Link>
        <Link id="late" to="/invoices/4711">
          Invoice
        </Link>
      </nav>
      <Routes>
        <Route path="/" element={<Page title="Home" />} />
        <Route path="/parts" element={<Page title="Parts" />} />
        <Route path="/old" element={<Navigate to="/parts" replace />} />
        <Route path="/invoices/:id" element={<Page title="Invoice" late />} />
      </Routes>
    </>
  );
}

const root = document.getElementById('root');
if (root)
  createRoot(root).render(
    <StrictMode>
      <BrowserRouter>
        <App />
      </BrowserRouter>
    </StrictMode>,
  );
