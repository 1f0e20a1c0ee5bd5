import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react';
import { type Api, openApi } from './api.ts';
import { useLanguage } from './language.tsx';
import { SignInPage } from './pages/sign-in.tsx';
import { Frame } from './parts/frame.tsx';
import { Loading } from './parts/state.tsx';
import { beginSignIn, endSession, findSession, hasIssuer, type Session } from './session.ts';

interface SignedIn {
  api: Api;
  name: string;
  signOut(): void;
}

const Context = createContext<SignedIn | null>(null);

type Phase =
  | { at: 'looking' }
  | { at: 'out'; why: 'none' | 'expired' | 'failed' | 'noIssuer' | 'unreachable' }
  | { at: 'in'; session: Session };

/** Shows what is inside to whoever has signed in, and the way to do so to everybody else. */
export function SignedInOnly({ children }: { children: ReactNode }) {
  const { language } = useLanguage();
  const [phase, setPhase] = useState<Phase>({ at: 'looking' });
  useEffect(() => {
    look().then(setPhase);
  }, []);
  const session = phase.at === 'in' ? phase.session : null;
  const signedIn = useMemo(
    () =>
      session && {
        api: openApi(session.token, () => setPhase({ at: 'out', why: 'expired' })),
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
      <Context value={signedIn}>
        <Frame account={signedIn}>{children}</Frame>
      </Context>
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
    (): Phase => ({ at: 'out', why: 'failed' }),
  );
  return looked;
}

export function useSignedIn(): SignedIn {
  const signedIn = useContext(Context);
  if (!signedIn) throw new Error('useSignedIn is used outside SignedInOnly');
  return signedIn;
}
