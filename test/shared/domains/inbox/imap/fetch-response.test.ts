import fc from 'fast-check';
import parse from 'imapflow/lib/handler/imap-parser.js';
import { describe, expect, it } from 'vitest';
import {
  type DataItems,
  dataItems,
  isFetch,
  type Value,
} from '../../../../../shared/domains/inbox/imap/fetch-response.ts';

/** A response as it comes, and its literals. */
interface Sent {
  text: string;
  literals: Buffer[];
}
const sent = (text: string, ...literals: Buffer[]): Sent => ({ text, literals });
const joined = (all: readonly Sent[], between: string): Sent => ({
  text: all.map(({ text }) => text).join(between),
  literals: all.flatMap(({ literals }) => literals),
});

const quoted = fc
  .string({ unit: fc.constantFrom(...'ab "\\()[]{}<é😀NIL') })
  .map((text) => sent(`"${text.replace(/["\\]/g, '\\$&')}"`));
const literal = fc
  .uint8Array({ maxLength: 20 })
  .map((bytes) => sent(`{${bytes.length}}\r\n`, Buffer.from(bytes)));
const atom = fc
  .constantFrom('NIL', 'nil', '0', '42', '\\Seen', '$Label', 'text', 'A.B-c', '4294967295')
  .map((text) => sent(text));
const value = fc.letrec<{ value: Sent; list: Sent }>((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, atom, quoted, literal, tie('list')),
  list: fc.array(tie('value'), { maxLength: 5 }).map((all) => {
    const { text, literals } = joined(all, ' ');
    return sent(`(${text})`, ...literals);
  }),
})).value;
const name = fc.constantFrom(
  ...['UID', 'FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE', 'BODYSTRUCTURE', 'MODSEQ', 'X-GM-MSGID'],
  ...['BODY[1]<0>', 'BODY[1.2.MIME]', 'BODY[]', 'BODY[HEADER.FIELDS (REFERENCES LIST-ID)]'],
);
const response = fc
  .tuple(fc.integer({ min: 1, max: 4_294_967_295 }), fc.uniqueArray(name, { minLength: 1, maxLength: 6 }))
  .chain(([number, names]) =>
    fc.tuple(...names.map(() => value)).map((values) => {
      const items = values.map(({ text, literals }, index) => sent(`${names[index]} ${text}`, ...literals));
      const { text, literals } = joined(items, ' ');
      return sent(`* ${number} FETCH (${text})`, ...literals);
    }),
  );

const ours = ({ text, literals }: Sent) => dataItems(Buffer.from(text), literals);

/** The values of a response as imapflow's parser has them; undefined where it has none. */
async function theirs({ text, literals }: Sent): Promise<unknown[] | undefined> {
  const parsed = await parse(Buffer.from(text), { literals: [...literals] }).catch(() => null);
  const items: unknown = parsed?.attributes?.[1];
  if (parsed?.tag !== '*' || !Array.isArray(items)) return undefined;
  return items.filter((_, index) => index % 2 === 1).map(plain);
}

/** A value without what imapflow notes of sections; of text it does not matter how it was put. */
function plain(found: Value): unknown {
  if (found === null) return null;
  if (Array.isArray(found)) return found.map(plain);
  return typeof found.value === 'string' ? found.value : found.value.toString('latin1');
}

const valuesOf = (items: DataItems) => [...items.values()].map(plain);

describe('a FETCH response', () => {
  it('is read as imapflow reads it, whatever its values are', async () => {
    await fc.assert(
      fc.asyncProperty(response, async (message) => {
        const items = ours(message);
        expect(items && valuesOf(items)).toEqual(await theirs(message));
      }),
      { numRuns: 5_000 },
    );
  });

  it('that is put otherwise is read the same or left to imapflow', async () => {
    const spoilt = fc
      .tuple(
        response,
        fc.nat(),
        fc.nat({ max: 3 }),
        fc.constantFrom('', ' ', '(', ')', '"', '\\', '{3}', '~', '\0', 'x'),
      )
      .map(([{ text, literals }, at, removed, added]) => {
        const place = at % text.length;
        return sent(text.slice(0, place) + added + text.slice(place + removed), ...literals);
      });
    let left = 0;
    await fc.assert(
      fc.asyncProperty(spoilt, async (message) => {
        const items = ours(message);
        if (items === null) left += 1;
        else expect(valuesOf(items)).toEqual(await theirs(message));
      }),
      { numRuns: 5_000 },
    );
    expect(left).toBeGreaterThan(100);
  });

  it('has its items by their names in capitals', () => {
    const items = ours(sent('* 7 fetch (Uid 12 flags (\\Seen) body[1]<0> {3}\r\n)', Buffer.from('abc')));
    expect([...(items?.keys() ?? [])]).toEqual(['UID', 'FLAGS', 'BODY[1]<0>']);
    expect(items?.get('BODY[1]<0>')).toEqual({ type: 'LITERAL', value: Buffer.from('abc') });
  });

  it.each([
    ['with too few literals', '* 1 FETCH (BODY[1] {3}\r\n)'],
    ['without an end', '* 1 FETCH (UID 1'],
    ['with something after its end', '* 1 FETCH (UID 1) x'],
    ['with a name and no value', '* 1 FETCH (UID)'],
    ['with an unfinished string', '* 1 FETCH (ENVELOPE ("a\\")'],
    ['with lists within lists without end', `* 1 FETCH (ENVELOPE ${'('.repeat(50_000)}`],
    ['with a million values', `* 1 FETCH (FLAGS (${'a '.repeat(999_999)}b))`],
    ['padded with NUL', '\0\0* 1 FETCH (UID 1)'],
  ])('%s is left to imapflow', (_name, text) => {
    expect(ours(sent(text))).toBeNull();
  });

  it('is recognised among all other responses', () => {
    const isRecognised = (text: string) => isFetch(Buffer.from(text));
    expect(['* 1 FETCH (UID 1)', '* 4294967295 fetch (UID 1)'].map(isRecognised)).toEqual([true, true]);
    expect(
      ['* 1 EXISTS', 'A1 OK FETCH (', '* OK FETCH (', '* 12345678901 FETCH (', '* VANISHED 1'].map(
        isRecognised,
      ),
    ).toEqual([false, false, false, false, false]);
  });
});
