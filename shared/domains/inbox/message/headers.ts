/** Header fields by lower-case name; a field that comes several times has several values. */
export type Headers = ReadonlyMap<string, readonly string[]>;

/** A mail's header is read up to these bounds, which no honest one reaches. */
export const MAX_HEADER_BYTES = 256 * 1024;
const MAX_FIELDS = 1_000;

/** Reads raw header lines (RFC 5322, 2.2): folded lines are joined, whatever is no field is left out. */
export function parseHeaders(raw: Buffer | string): Headers {
  const text =
    typeof raw === 'string' ? raw.slice(0, MAX_HEADER_BYTES) : raw.toString('latin1', 0, MAX_HEADER_BYTES);
  const headers = new Map<string, string[]>();
  for (const line of text.replace(/\r?\n(?=[ \t])/g, '').split(/\r?\n/, MAX_FIELDS)) {
    const [, name, value] = /^([!-9;-~]+)[ \t]*:(.*)$/s.exec(line) ?? [];
    if (name === undefined || value === undefined) continue;
    const key = name.toLowerCase();
    const values = headers.get(key);
    if (values) values.push(value.trim());
    else headers.set(key, [value.trim()]);
  }
  return headers;
}

/** The first value of a field, without its comments in parentheses; undefined where it is absent. */
export function firstValue(headers: Headers, name: string): string | undefined {
  return headers
    .get(name)?.[0]
    ?.replace(/\([^()]*\)/g, '')
    .trim();
}

/** A Message-ID longer than this is no Message-ID; RFC 5322, 2.1.1 bounds a line to 998. */
const MAX_MESSAGE_ID = 998;
/** At most this many references are kept: the first, which is the root of the thread, and the last ones. */
const MAX_REFERENCES = 50;

/** The Message-IDs in a field, each once, in order, as `<left@right>`. What stands between them is not looked at. */
export function messageIdsIn(value: string | undefined): string[] {
  const text = (value ?? '').slice(0, MAX_HEADER_BYTES);
  // Some programs leave the brackets out.
  const bare = /^[^\s<>@]{1,500}@[^\s<>@]{1,255}$/.test(text.trim()) ? `<${text.trim()}>` : text;
  const found = bare.match(/<[^<>\s]+>/g) ?? [];
  return [...new Set(found)].filter((id) => id.length <= MAX_MESSAGE_ID);
}

/** The references of a message, oldest first: References, then In-Reply-To (RFC 5322, 3.6.4), without itself. */
export function referencesOf(
  headers: Headers,
  inReplyTo: string | undefined,
  own: string | undefined,
): string[] {
  const all = [...(headers.get('references') ?? []).flatMap(messageIdsIn), ...messageIdsIn(inReplyTo)];
  const unique = [...new Set(all)].filter((id) => id !== own);
  if (unique.length <= MAX_REFERENCES) return unique;
  return [...unique.slice(0, 1), ...unique.slice(1 - MAX_REFERENCES)];
}
