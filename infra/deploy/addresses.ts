import { functionUrl } from '../../shared/doors/google/addresses.ts';

/** A DNS label has at most 63 characters (RFC 1035); Cloud Run shortens longer run.app names. */
const MAX_LABEL = 63;

/**
 * Returns the addresses of a function that are known before its deployment: cloudfunctions.net and run.app. A token may
 * name either as its audience.
 */
export function listFunctionUrls(project: string, number: string, region: string, name: string): string[] {
  const label = `${name.toLowerCase()}-${number}`;
  const run = label.length <= MAX_LABEL ? [`https://${label}.${region}.run.app`] : [];
  return [functionUrl(project, region, name), ...run];
}
