import { createHmac, timingSafeEqual } from 'node:crypto';
import { isDocumentId } from '../../doors/store/document-id.ts';

const signature = (id: string, key: string) =>
  createHmac('sha256', key).update(`opt-out\n${id}`).digest('base64url');

/** The path of a follow-up's opt-out link; only who has LINK_KEY can make it. */
export function optOutPath(id: string, key: string): string {
  return `/o/${Buffer.from(id).toString('base64url')}.${signature(id, key)}`;
}

/** The follow-up that a signed value names; null where the signature is not ours. */
export function optOutId(signed: string, key: string): string | null {
  const [encoded = '', given = ''] = signed.split('.', 2);
  const id = Buffer.from(encoded, 'base64url').toString('utf8');
  if (!isDocumentId(id)) return null;
  const [wanted, shown] = [Buffer.from(signature(id, key)), Buffer.from(given)];
  return wanted.length === shown.length && timingSafeEqual(wanted, shown) ? id : null;
}
