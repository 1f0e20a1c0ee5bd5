import { type CSSVariablesResolver, createTheme, MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { Route, Router, Switch } from 'wouter';
import { ApiError } from './api.ts';
import { SignedInOnly } from './auth.tsx';
import { BASE, nonce } from './environment.ts';
import { LanguageProvider, useLanguage } from './language.tsx';
import { AlertsPage } from './pages/alerts.tsx';
import { RoundsPage } from './pages/rounds.tsx';
import { RunPage } from './pages/run.tsx';
import { RunsPage } from './pages/runs.tsx';
import { SettingsPage } from './pages/settings.tsx';
import { Empty } from './parts/state.tsx';

const theme = createTheme({
  primaryColor: 'blue',
  primaryShade: { light: 8, dark: 8 },
  autoContrast: true,
  defaultRadius: 'sm',
  respectReducedMotion: true,
});

/** The library's own grey is too light to be read by everybody (WCAG 2.2, 1.4.3: 4.5 to 1). */
const readable: CSSVariablesResolver = () => ({
  variables: {},
  light: { '--mantine-color-dimmed': 'var(--mantine-color-gray-7)' },
  dark: { '--mantine-color-dimmed': 'var(--mantine-color-dark-1)' },
});

/** What one has asked for wrongly, or may not see, does not come by asking again. */
const retry = (failures: number, error: Error) =>
  failures < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500);

const client = new QueryClient({ defaultOptions: { queries: { retry, staleTime: 5_000 } } });

/** The whole page: its languages, its themes, who is signed in, and what is shown where. */
export function App() {
  return (
    <MantineProvider
      theme={theme}
      defaultColorScheme="auto"
      cssVariablesResolver={readable}
      getStyleNonce={() => nonce}
    >
      <LanguageProvider>
        <QueryClientProvider client={client}>
          <Router base={BASE}>
            <Notifications position="bottom-right" />
            <SignedInOnly>
              <Pages />
            </SignedInOnly>
          </Router>
        </QueryClientProvider>
      </LanguageProvider>
    </MantineProvider>
  );
}

function Pages() {
  const { texts } = useLanguage();
  return (
    <Switch>
      <Route path="/" component={RoundsPage} />
      <Route path="/runs" component={RunsPage} />
      <Route path="/runs/:id">{({ id }) => <RunPage id={decodeURIComponent(id)} />}</Route>
      <Route path="/settings" component={SettingsPage} />
      <Route path="/alerts" component={AlertsPage} />
      <Route>
        <Empty>{texts.state.notFound}</Empty>
      </Route>
    </Switch>
  );
}
