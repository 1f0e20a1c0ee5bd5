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

/** Writes dates in full, such as "31 mars 2026", in a locale and time zone. */
export const longDate = cacheFormatter(
  (tag, zone) => new Intl.DateTimeFormat(tag, { dateStyle: 'long', timeZone: zone }),
);

/** Writes amounts of a currency (ISO 4217). Throws RangeError for an unknown currency. */
export const money = cacheFormatter(
  (tag, currency) => new Intl.NumberFormat(tag, { style: 'currency', currency: currency ?? '' }),
);

/** Writes numbers in a locale. */
export const plainNumber = cacheFormatter((tag) => new Intl.NumberFormat(tag));
