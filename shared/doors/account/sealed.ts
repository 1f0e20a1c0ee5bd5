import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';

/** AES-256-GCM (NIST SP 800-38D): 12 random bytes for each sealing, a tag of 16. */
const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const VERSION = 'v1';

/** A sealed text that does not open: it was changed, belongs to another integration, or its key is gone. */
export class SealBroken extends Error {
  constructor(what: string) {
    super(
      `The credentials of ${what} do not open with INBOX_SEALING_KEY or INBOX_SEALING_KEY_PREVIOUS; enter them again.`,
    );
    this.name = 'SealBroken';
  }
}

/** Keys that open, newest first; the newest seals. */
export type SealingKeys = readonly string[];

/**
 * Seals a secret for one owner, such as `inbox_integrations/a`: copied to another document it does not open. Throws where
 * there is no key: credentials are never kept open.
 */
export function seal(secret: string, owner: string, keys: SealingKeys): string {
  const [newest] = keys;
  if (newest === undefined)
    throw new Error('INBOX_SEALING_KEY is not set; without it no credentials are kept.');
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, keyOf(newest), nonce);
  cipher.setAAD(Buffer.from(owner));
  const sealed = Buffer.concat([nonce, cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return `${VERSION}.${sealed.toString('base64url')}`;
}

export interface Opened {
  secret: string;
  /** Sealed with an older key: seal it again, so that the old key can go. */
  stale: boolean;
}

/** Opens what `seal` made for the same owner; throws SealBroken, which says nothing of the content. */
export function unseal(sealed: string, owner: string, keys: SealingKeys): Opened {
  const [version, content = ''] = sealed.split('.');
  if (version !== VERSION) throw new SealBroken(owner);
  for (const [index, key] of keys.entries()) {
    const secret = open(Buffer.from(content, 'base64url'), owner, key);
    if (secret !== null) return { secret, stale: index > 0 };
  }
  throw new SealBroken(owner);
}

function open(bytes: Buffer, owner: string, key: string): string | null {
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return null;
  const [nonce, tag] = [bytes.subarray(0, NONCE_BYTES), bytes.subarray(-TAG_BYTES)];
  const decipher = createDecipheriv(ALGORITHM, keyOf(key), nonce);
  decipher.setAAD(Buffer.from(owner)).setAuthTag(tag);
  try {
    const content = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
    return Buffer.concat([content, decipher.final()]).toString('utf8');
  } catch {
    return null;
  }
}

/** Keys as they were derived; a process has two at most, and deriving one takes longer than a mailbox's seal. */
const derived = new Map<string, KeyObject>();

/** A key of 32 bytes from the variable's text, for this use only. */
function keyOf(text: string): KeyObject {
  const known = derived.get(text);
  if (known) return known;
  const key = createSecretKey(Buffer.from(hkdfSync('sha256', text, '', 'ronde/inbox/credentials', 32)));
  derived.set(text, key);
  return key;
}
