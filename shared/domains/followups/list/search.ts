import type { Followup } from '../followup.ts';

/** The longest beginning of a word in the index; longer words of a search are compared with the row itself. */
const MAX_TOKEN = 8;
/** The most tokens of one follow-up, for the longest names. */
const MAX_TOKENS = 300;
/** The most words of a search. */
const MAX_WORDS = 10;
/** The most characters that are indexed of a name, an address or a number. */
const MAX_LENGTH = 100;

/** Returns a text without case and accents. */
const normalise = (text: string): string =>
  text
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll('œ', 'oe')
    .replaceAll('æ', 'ae')
    .replaceAll('ß', 'ss');

/** Returns the words of a search: each has to begin a word of the customer's name, the address or the number. */
export const searchWords = (text: string): string[] =>
  normalise(text).split(/\s+/).filter(Boolean).slice(0, MAX_WORDS);

/** A word begins at white space, and after each sign within it: `F-2026-001` is found by `2026-001` and by `001`. */
function wordsOf(followup: Pick<Followup, 'customer' | 'label'>): string[] {
  const { customer, label } = followup;
  const texts = [customer.name ?? '', customer.email ?? '', label].map((text) => text.slice(0, MAX_LENGTH));
  return searchWordsOf(texts.join(' '));
}

function searchWordsOf(text: string): string[] {
  const pieces = normalise(text).split(/\s+/).filter(Boolean);
  return pieces.flatMap((piece) => {
    const starts = [...piece.matchAll(/[\p{L}\p{N}]+/gu)].map(({ index }) => index);
    return [...new Set([0, ...starts])].map((start) => piece.slice(start));
  });
}

/** Returns the beginnings of a follow-up's words for the index, in order. */
export function searchTokens(followup: Pick<Followup, 'customer' | 'label'>): string[] {
  const tokens = new Set<string>();
  for (const word of wordsOf(followup))
    for (let length = 1; length <= Math.min(word.length, MAX_TOKEN); length += 1)
      tokens.add(word.slice(0, length));
  return [...tokens].sort().slice(0, MAX_TOKENS);
}

/** Returns the token that the index is asked for: of the longest word, which is the rarest. */
export function indexToken(words: readonly string[]): string {
  const [longest = ''] = [...words].sort((one, other) => other.length - one.length);
  return longest.slice(0, MAX_TOKEN);
}

/** Returns true if each word of a search begins a word of the follow-up. */
export function isFound(followup: Pick<Followup, 'customer' | 'label'>, words: readonly string[]): boolean {
  const own = wordsOf(followup);
  return words.every((word) => own.some((one) => one.startsWith(word)));
}
