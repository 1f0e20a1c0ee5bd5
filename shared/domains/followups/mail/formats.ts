/** Customers' locales are their own words: more than this many at a time are forgotten and made again. */
const MAX_KEPT = 200;

/** Keeps what is costly to make, by a key: a formatter of Intl takes longer to make than a hundred uses of it. */
function kept<Made>(make: (...key: string[]) => Made): (...key: string[]) => Made {
  const made = new Map<string, Made>();
  return (...key) => {
    const name = key.join('\n');
    const found = made.get(name) ?? make(...key);
    if (made.size >= MAX_KEPT) made.clear();
    made.set(name, found);
    return found;
  };
}

/** Writes days in full, as this locale does, in this time zone. */
export const longDate = kept(
  (tag, zone) => new Intl.DateTimeFormat(tag, { dateStyle: 'long', timeZone: zone }),
);

/** Writes amounts of this currency (ISO 4217); throws a RangeError for what is none. */
export const money = kept(
  (tag, currency) => new Intl.NumberFormat(tag, { style: 'currency', currency: currency ?? '' }),
);

/** Writes numbers as this locale does. */
export const plainNumber = kept((tag) => new Intl.NumberFormat(tag));
