import { User, UserManager, WebStorageStateStore } from 'oidc-client-ts';
import { now } from '../base/clock.ts';
import { BASE, signIn } from '../base/environment.ts';

/**
 * Signing in: OpenID Connect's code flow with PKCE, as a public client. Tokens are kept in sessionStorage: they outlive a
 * reload and end with the tab; no other tab and no later visitor of the machine finds them. The page's policy lets no
 * foreign script in that could read them.
 */
const home = `${location.origin}${BASE}/`;
const manager = signIn.issuer ? managerOf(signIn.issuer) : null;

function managerOf(authority: string): UserManager {
  const store = new WebStorageStateStore({ store: sessionStorage });
  return new UserManager({
    authority,
    client_id: signIn.client,
    redirect_uri: home,
    post_logout_redirect_uri: home,
    response_type: 'code',
    scope: 'openid profile email',
    userStore: store,
    stateStore: store,
    automaticSilentRenew: false,
    // An issuer with separate audiences (Auth0 and others) needs the audience; elsewhere the client is the audience.
    ...(signIn.audience === signIn.client ? {} : { extraQueryParams: { audience: signIn.audience } }),
  });
}

export interface Session {
  token: string;
  name: string;
}

/** The reason why nobody is signed in, if it is known. */
export type SignInFault = 'no_issuer' | 'refused' | 'failed';

/** A tab that signs somebody in for another tab is asked by this parameter, and tells it over a channel of this name. */
const FOR = 'for';
const nameOf = (id: string) => `ronde-sign-in-${id}`;
const channelOf = (id: string) => new BroadcastChannel(nameOf(id));

/** Returns true, once, if a tab of this page made the channel: a link from elsewhere may name any. */
function isExpected(id: string): boolean {
  const expected = localStorage.getItem(nameOf(id)) !== null;
  localStorage.removeItem(nameOf(id));
  return expected;
}

/** The state that is kept on the way to the issuer and back. */
interface Kept {
  path?: string;
  /** The channel of the tab that waits for this sign-in. */
  waiting?: string;
}

/** The session has gone to the tab that waited for it. */
export class HandedOver extends Error {}

/** Finishes a sign-in that returns from the issuer, or restores the session of this tab. Returns null without either. */
export async function findSession(): Promise<Session | null> {
  if (!manager) return null;
  const query = new URLSearchParams(location.search);
  if (query.has('state') && (query.has('code') || query.has('error'))) {
    // Taken out of the address first: nobody can replay or bookmark it.
    const returned = location.href;
    history.replaceState(null, '', `${BASE}/`);
    // RFC 9207: a code of another issuer must not reach this one, nor the other way round.
    const from = query.get('iss');
    if (from !== null && from !== signIn.issuer) throw new Error(`the answer is from ${from}`);
    const user = await manager.signinRedirectCallback(returned);
    const { path, waiting } = (user.state ?? {}) as Kept;
    if (waiting) return await handOver(user, waiting);
    if (path?.startsWith(`${BASE}/`)) history.replaceState(null, '', path);
    return sessionOf(user);
  }
  const waiting = query.get(FOR);
  if (waiting && isExpected(waiting)) {
    await manager.signinRedirect({ state: { waiting } satisfies Kept });
    // The page is left; there is nothing to show.
    return await new Promise(() => undefined);
  }
  const user = await manager.getUser();
  if (!user || user.expired) return null;
  return sessionOf(user);
}

/** Goes to the issuer. After the sign-in the person is on the same page again. */
export async function beginSignIn(language: string): Promise<void> {
  const path = location.pathname + location.search;
  await manager?.signinRedirect({ state: { path }, ui_locales: language });
}

/**
 * Signs in again in a tab of its own, so that nothing is lost of what somebody has typed in this one. Both are of one
 * origin, and no other origin hears the channel between them.
 */
export function signInElsewhere(signedIn: (session: Session) => void): () => void {
  const id = crypto.randomUUID();
  const channel = channelOf(id);
  channel.onmessage = async ({ data }: MessageEvent<string>) => {
    const user = User.fromStorageString(data);
    await manager?.storeUser(user);
    channel.close();
    signedIn(sessionOf(user));
  };
  localStorage.setItem(nameOf(id), '');
  window.open(`${home}?${FOR}=${id}`, '_blank', 'noopener');
  return () => {
    localStorage.removeItem(nameOf(id));
    channel.close();
  };
}

/** Gives the session to the tab that waits for it, and keeps nothing of it here. */
async function handOver(user: User, waiting: string): Promise<never> {
  const channel = channelOf(waiting);
  channel.postMessage(user.toStorageString());
  channel.close();
  await manager?.removeUser();
  window.close();
  throw new HandedOver();
}

/** Forgets the session here, and ends it at the issuer if the issuer offers that. */
export async function endSession(): Promise<void> {
  if (!manager) return;
  await manager.removeUser();
  const { end_session_endpoint: end } = await manager.metadataService
    .getMetadata()
    .catch(() => ({}) as never);
  if (end) await manager.signoutRedirect();
}

export const hasIssuer = manager !== null;

function sessionOf(user: User): Session {
  const { profile } = user;
  return { token: tokenOf(user), name: String(profile.name ?? profile.email ?? profile.sub) };
}

/** Returns the access token if it is a JWT for this product, else the id_token: Google's access tokens are opaque. */
function tokenOf({ access_token, id_token }: User): string {
  return [access_token, id_token].find((token) => token && isForUs(token)) ?? access_token;
}

function isForUs(token: string): boolean {
  try {
    const [, payload = ''] = token.split('.');
    const { aud, exp } = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/')));
    return [aud].flat().includes(signIn.audience) && exp * 1000 > now().getTime();
  } catch {
    return false;
  }
}
