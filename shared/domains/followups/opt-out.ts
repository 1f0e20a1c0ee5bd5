import { createHmac, timingSafeEqual } from 'node:crypto';
import { isDocumentId } from '../../doors/store/document-id.ts';

const sign = (id: string, key: string) =>
  createHmac('sha256', key).update(`opt-out\n${id}`).digest('base64url');

/** Returns the path of a follow-up's opt-out link. Only a holder of LINK_KEY can make one. */
export function optOutPath(id: string, key: string): string {
  return `/o/${Buffer.from(id).toString('base64url')}.${sign(id, key)}`;
}

/** Returns the id that a signed value names, or null if none of these keys has signed it. */
export function optOutId(signed: string, keys: readonly (string | undefined)[]): string | null {
  const [encoded = '', given = '', ...more] = signed.split('.', 3);
  const id = Buffer.from(encoded, 'base64url').toString('utf8');
  // Each link has one spelling.
  const isCanonical = more.length === 0 && Buffer.from(id).toString('base64url') === encoded;
  if (!isCanonical || !isDocumentId(id)) return null;
  const found = Buffer.from(given);
  const isSigned = keys.some((key) => {
    const wanted = Buffer.from(key === undefined ? '' : sign(id, key));
    return wanted.length > 0 && wanted.length === found.length && timingSafeEqual(wanted, found);
  });
  return isSigned ? id : null;
}
