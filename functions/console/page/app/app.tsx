import { type CSSVariablesResolver, createTheme, MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { lazy } from 'react';
import { Route, Router, Switch } from 'wouter';
import { ApiError } from '../base/api.ts';
import { BASE, nonce } from '../base/environment.ts';
import { LanguageProvider, useLanguage } from '../base/language.tsx';
import { useTitle } from '../base/title.ts';
import { HomePage } from '../tasks/home/page.tsx';
import { PageLoad } from '../ui/page-load.tsx';
import { Empty } from '../ui/state.tsx';
import { SignedInOnly } from './auth.tsx';

// The home page comes with the application; every other page is loaded when it is opened.
const AlertsPage = lazy(() => import('../alerts/page.tsx'));
const BillingPage = lazy(() => import('../billing/page.tsx'));
const FollowupPage = lazy(() => import('../followups/followup-page.tsx'));
const FollowupsPage = lazy(() => import('../followups/list-page.tsx'));
const IncidentsPage = lazy(() => import('../tasks/incidents-page.tsx'));
const InboxPage = lazy(() => import('../inbox/page.tsx'));
const PersonPage = lazy(() => import('../people/page.tsx'));
const PresencePage = lazy(() => import('../presence/page.tsx'));
const RunPage = lazy(() => import('../tasks/run-page.tsx'));
const RunsPage = lazy(() => import('../tasks/runs-page.tsx'));
const SearchPage = lazy(() => import('../search/page.tsx'));
const SettingsPage = lazy(() => import('../settings/page.tsx'));
const TemplatesPage = lazy(() => import('../billing/templates-page.tsx'));
const TicketPage = lazy(() => import('../alerts/ticket-page.tsx'));
const ThreadPage = lazy(() => import('../inbox/thread-page.tsx'));
const VisitsPage = lazy(() => import('../visits/page.tsx'));

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

/** A wrong or refused request is not repeated: the answer would be the same. */
const retry = (failures: number, error: Error) =>
  failures < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500);

const client = new QueryClient({ defaultOptions: { queries: { retry, staleTime: 5_000 } } });

/** The application: languages, themes, the session and the routes. */
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
              <PageLoad>
                <Pages />
              </PageLoad>
            </SignedInOnly>
          </Router>
        </QueryClientProvider>
      </LanguageProvider>
    </MantineProvider>
  );
}

function Missing() {
  const { texts } = useLanguage();
  useTitle(texts.state.notFound);
  return <Empty>{texts.state.notFound}</Empty>;
}

function Pages() {
  return (
    <Switch>
      <Route path="/" component={HomePage} />
      <Route path="/runs" component={RunsPage} />
      <Route path="/runs/:id">{({ id }) => <RunPage id={decodeURIComponent(id)} />}</Route>
      <Route path="/followups" component={FollowupsPage} />
      <Route path="/followups/:id">{({ id }) => <FollowupPage id={decodeURIComponent(id)} />}</Route>
      <Route path="/billing/:id">{({ id }) => <BillingPage id={decodeURIComponent(id)} />}</Route>
      <Route path="/billing/:id/templates">{({ id }) => <TemplatesPage id={decodeURIComponent(id)} />}</Route>
      <Route path="/incidents" component={IncidentsPage} />
      <Route path="/inbox" component={InboxPage} />
      <Route path="/inbox/threads/:id">{({ id }) => <ThreadPage id={decodeURIComponent(id)} />}</Route>
      <Route path="/visits" component={VisitsPage} />
      <Route path="/presence" component={PresencePage} />
      <Route path="/search" component={SearchPage} />
      <Route path="/settings" component={SettingsPage} />
      <Route path="/alerts/tickets/:id">{({ id }) => <TicketPage id={decodeURIComponent(id)} />}</Route>
      <Route path="/people/:id">{({ id }) => <PersonPage id={decodeURIComponent(id)} />}</Route>
      <Route path="/alerts" component={AlertsPage} />
      <Route>
        <Missing />
      </Route>
    </Switch>
  );
}
