import { createHmac, timingSafeEqual } from 'node:crypto';
import { isDocumentId } from '../../doors/store/document-id.ts';

const sign = (id: string, key: string) =>
  createHmac('sha256', key).update(`opt-out\n${id}`).digest('base64url');

/** Returns the path of a follow-up's opt-out link. Only a holder of LINK_KEY can make one. */
export function optOutPath(id: string, key: string): string {
  return `/o/${Buffer.from(id).toString('base64url')}.${sign(id, key)}`;
}

/** Returns the id that a signed value names, or null if the signature is wrong. */
export function optOutId(signed: string, key: string): string | null {
  const [encoded = '', given = ''] = signed.split('.', 2);
  const id = Buffer.from(encoded, 'base64url').toString('utf8');
  if (!isDocumentId(id)) return null;
  const [wanted, found] = [Buffer.from(sign(id, key)), Buffer.from(given)];
  return wanted.length === found.length && timingSafeEqual(wanted, found) ? id : null;
}
