/** Reads a value that the server has written into the page's head. */
function meta(name: string): string {
  return document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content ?? '';
}

/** Marks the styles that the component library makes, as the page's policy demands. */
export const nonce = meta('ronde-nonce');

/** The issuer and the client of sign-in; empty if no issuer is configured. */
export const signIn = {
  issuer: meta('ronde-issuer'),
  client: meta('ronde-client'),
  audience: meta('ronde-audience'),
};

/** The path under which the page is served. */
export const BASE = '/console';
