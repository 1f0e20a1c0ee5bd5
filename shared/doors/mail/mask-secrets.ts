/** A server's words are read this far. */
const MAX_READ = 10_000;
/** The shortest secret that is looked for in decoded words; shorter ones would be found by chance. */
const LEAST_SECRET = 4;
const MASK = '***';
const WITHHELD = 'the server’s words repeat the credentials and are withheld';

/** Runs that may be base64 or hexadecimal; words of an address on the web are none. */
const ENCODED = /(?<![\w./-])[A-Za-z0-9+/_-]{20,}={0,2}/g;
/** Words such as AUTHENTICATIONFAILED and Application-specific are no encoding. */
const isWord = (run: string) => run.split(/[-_/]/).every((word) => /^([A-Z]?[a-z]*|[A-Z]+)$/.test(word));

/**
 * Returns a server's words on one line without secrets: as they are, quoted, and in runs of base64 or hexadecimal. If a
 * secret is left in any other encoding, all words are withheld.
 */
export function maskSecrets(text: string, secrets: readonly string[]): string {
  const known = secrets
    .filter((secret) => secret !== '')
    .flatMap((secret) => [secret, secret.replace(/["\\]/g, '\\$&')]);
  const masked = known
    .flatMap((secret) => [secret, Buffer.from(secret).toString('base64')])
    .reduce((rest, secret) => rest.replaceAll(secret, MASK), text.slice(0, MAX_READ))
    .replace(ENCODED, (run) => (isWord(run) ? run : MASK));
  const long = known.filter(({ length }) => length >= LEAST_SECRET);
  const isLeft =
    long.length > 0 && viewsOf(masked).some((view) => long.some((secret) => view.includes(secret)));
  return isLeft ? WITHHELD : masked.replace(/[\s\p{C}]+/gu, ' ').trim();
}

/** Decodes a text by each encoding that servers and proxies put around what they repeat, and base64 inside of it. */
function viewsOf(text: string): string[] {
  const byte = (hex: string) => String.fromCharCode(Number.parseInt(hex, 16));
  const utf8 = (binary: string) => Buffer.from(binary, 'latin1').toString('utf8');
  const decoded = [
    text.replace(/%([\da-f]{2})/gi, (_, hex) => byte(hex)),
    text.replace(/=([\da-f]{2})/gi, (_, hex) => byte(hex)),
    text.replace(/\\(?:u00|x)([\da-f]{2})/gi, (_, hex) => byte(hex)),
    text.replace(/&#x([\da-f]{1,4});/gi, (_, hex) => byte(hex)),
    text.replace(/&#(\d{1,5});/g, (_, decimal) => String.fromCharCode(Number(decimal))),
    text.replace(/[\da-f]{2,}/gi, (run) => Buffer.from(run, 'hex').toString('latin1')),
    text.replace(/([\da-f]{2})[ :]/gi, (_, hex) => byte(hex)),
    [...text].reverse().join(''),
  ];
  const views = [text, ...decoded];
  return [...views, ...views.flatMap(base64Of)].flatMap((view) => [view, utf8(view)]);
}

/** Decodes the runs of base64 in a text; a run may begin in the middle of a group of four. */
const base64Of = (text: string): string[] =>
  (text.match(/[A-Za-z0-9+/_-]{4,}/g) ?? []).flatMap((run) =>
    [0, 1, 2, 3].map((from) => Buffer.from(run.slice(from), 'base64').toString('latin1')),
  );
