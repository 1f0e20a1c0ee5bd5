/** Customers choose their locales, so their number has no limit. The cache empties itself at this size. */
const MAX_FORMATTERS = 200;

/** Makes each formatter once: Intl takes longer to make one than to use it a hundred times. */
function cacheFormatter<Formatter>(make: (...key: string[]) => Formatter): (...key: string[]) => Formatter {
  const made = new Map<string, Formatter>();
  return (...key) => {
    const name = key.join('\n');
    const found = made.get(name) ?? make(...key);
    if (made.size >= MAX_FORMATTERS) made.clear();
    made.set(name, found);
    return found;
  };
}

const longDate = cacheFormatter(
  (tag) => new Intl.DateTimeFormat(tag, { dateStyle: 'long', timeZone: 'UTC' }),
);

/** Writes a day in full, such as "31 mars 2026". French writes the first of a month as "1er". */
export function longDay(tag: string, day: string): string {
  const text = longDate(tag).format(Date.parse(day));
  return tag.startsWith('fr') ? text.replace(/^1(?=\s)/, '1er') : text;
}

/** Writes amounts of a currency (ISO 4217). Throws RangeError for an unknown currency. */
export const money = cacheFormatter(
  (tag, currency) => new Intl.NumberFormat(tag, { style: 'currency', currency: currency ?? '' }),
);

const CURRENCY = /^[A-Z]{3}$/i;

/** Returns how many decimals a currency has (ISO 4217), or null for what is no currency code. */
export const fractionDigits = cacheFormatter((currency): number | null => {
  if (!CURRENCY.test(currency ?? '')) return null;
  return money('en', currency ?? '').resolvedOptions().maximumFractionDigits ?? 0;
});

/** Returns true for a tag such as fr-CA that Intl knows the form of (BCP 47). */
export const isTag = cacheFormatter((tag) => {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
});

/** Writes numbers in a locale. */
export const plainNumber = cacheFormatter((tag) => new Intl.NumberFormat(tag));
