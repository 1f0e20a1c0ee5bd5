/** « de » devant un nom, élidé devant une voyelle ou un y : d’atelier-martin, de Martin. */
export const de = (name: string): string =>
  /^[aeiouyœæ]/i.test(name.normalize('NFD')) ? `d’${name}` : `de ${name}`;
