import { suggest } from './problems.ts';

/** No IANA name is as long. */
const MAX_ZONE = 64;

/** Returns what is wrong with a time zone's name, or null for an IANA name. */
export function checkZone(given: string): string | null {
  // A longer text is no name, and comparing it with every name takes long.
  const zone = given.slice(0, MAX_ZONE);
  if (/^[A-Z][A-Za-z0-9_+-]*(?:\/[A-Z][A-Za-z0-9_+-]*)*$/.test(zone) && isKnown(zone)) return null;
  const names = ['Etc/UTC', ...Intl.supportedValuesOf('timeZone')];
  const city = names.find((name) => name.split('/').at(-1)?.toLowerCase() === zone.toLowerCase());
  const near = city ? `; did you mean ${city}?` : suggest(zone, names);
  return `is not an IANA time zone; legal: Etc/UTC, Europe/Paris and so on${near}`;
}

function isKnown(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
