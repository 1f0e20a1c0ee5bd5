import { functionUrl } from '../../shared/doors/google/addresses.ts';

/** A DNS label has at most 63 characters (RFC 1035); a longer run.app name would be shortened by Cloud Run. */
const MAX_LABEL = 63;

/**
 * Both addresses of a function that can be known before it is deployed: cloudfunctions.net and Cloud Run's own.
 * A proof may name either as its audience.
 */
export function functionUrls(project: string, number: string, region: string, name: string): string[] {
  const label = `${name.toLowerCase()}-${number}`;
  const run = label.length <= MAX_LABEL ? [`https://${label}.${region}.run.app`] : [];
  return [functionUrl(project, region, name), ...run];
}
