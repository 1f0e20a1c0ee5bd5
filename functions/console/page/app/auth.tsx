import { useQueryClient } from '@tanstack/react-query';
import { lazy, type ReactNode, useEffect, useMemo, useState } from 'react';
import { openApi } from '../base/api.ts';
import { useLanguage } from '../base/language.tsx';
import { SignedInContext } from '../base/signed-in.ts';
import { PageLoad } from '../ui/page-load.tsx';
import { Empty, Loading } from '../ui/state.tsx';
import { Frame } from './frame.tsx';
import { beginSignIn, endSession, findSession, HandedOver, hasIssuer, type Session } from './session.ts';
import { SignInPage } from './sign-in.tsx';

const SignInAgain = lazy(() => import('./sign-in-again.tsx'));

type Phase =
  | { at: 'looking' }
  | { at: 'out'; why: 'none' | 'expired' | 'failed' | 'noIssuer' | 'unreachable' }
  | { at: 'handed' }
  /** `ended`: the server does not take the session any more; what was typed is still there. */
  | { at: 'in'; session: Session; ended?: true };

/** Shows its children to a signed-in user, and the sign-in page to all others. */
export function SignedInOnly({ children }: { children: ReactNode }) {
  const { language, texts } = useLanguage();
  const [phase, setPhase] = useState<Phase>({ at: 'looking' });
  useEffect(() => {
    look().then(setPhase);
  }, []);
  const session = phase.at === 'in' ? phase.session : null;
  const client = useQueryClient();
  // The new session repeats refused requests; loaded data stays as it is.
  useEffect(() => {
    if (session) void client.refetchQueries({ predicate: ({ state }) => state.status === 'error' });
  }, [session, client]);
  const signedIn = useMemo(
    () =>
      session && {
        api: openApi(session.token, () => setPhase((now) => endedOf(now, session))),
        name: session.name,
        signOut() {
          setPhase({ at: 'out', why: 'none' });
          void endSession();
        },
      },
    [session],
  );
  if (signedIn)
    return (
      <SignedInContext value={signedIn}>
        <Frame account={signedIn}>{children}</Frame>
        {phase.at === 'in' && phase.ended && (
          <PageLoad>
            <SignInAgain
              again={(renewed) => setPhase({ at: 'in', session: renewed })}
              out={signedIn.signOut}
            />
          </PageLoad>
        )}
      </SignedInContext>
    );
  if (phase.at === 'handed')
    return (
      <Frame>
        <Empty>{texts.signIn.handed}</Empty>
      </Frame>
    );
  const begin = () => beginSignIn(language).catch(() => setPhase({ at: 'out', why: 'unreachable' }));
  return <Frame>{phase.at === 'out' ? <SignInPage why={phase.why} begin={begin} /> : <Loading />}</Frame>;
}

/** One look per load of the page: the code of a sign-in is good for one exchange. */
let looked: Promise<Phase> | undefined;

function look(): Promise<Phase> {
  looked ??= findSession().then(
    (session): Phase => {
      if (session) return { at: 'in', session };
      return { at: 'out', why: hasIssuer ? 'none' : 'noIssuer' };
    },
    (error: unknown): Phase =>
      error instanceof HandedOver ? { at: 'handed' } : { at: 'out', why: 'failed' },
  );
  return looked;
}

/** A refusal of the session that is in use ends it; one that comes late, of a session before, says nothing. */
function endedOf(phase: Phase, session: Session): Phase {
  return phase.at === 'in' && phase.session === session ? { ...phase, ended: true } : phase;
}
