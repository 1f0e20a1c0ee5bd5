import { createContext, useContext } from 'react';
import type { Api } from './api.ts';

/** The person who has signed in, and the admin API in their name. */
export interface SignedIn {
  api: Api;
  name: string;
  signOut(): void;
}

export const SignedInContext = createContext<SignedIn | null>(null);

/** Returns the person who has signed in. Throws an Error outside `SignedInOnly`. */
export function useSignedIn(): SignedIn {
  const signedIn = useContext(SignedInContext);
  if (!signedIn) throw new Error('useSignedIn is used outside SignedInOnly');
  return signedIn;
}
