import { convert } from 'html-to-text';

const COMMON = {
  wordwrap: false as const,
  limits: { maxInputLength: 1_000_000, maxDepth: 100, ellipsis: '…' },
  baseElements: { selectors: [] },
};

/**
 * The text of a mail's HTML that has been sanitised, for search, snippets and those who read text. A mail that says everything
 * by pictures and links is read as their descriptions and addresses.
 */
export function htmlToText(html: string): string {
  const said = convert(html, {
    ...COMMON,
    selectors: [
      { selector: 'img', format: 'skip' },
      { selector: 'a', options: { hideLinkHrefIfSameAsText: true, ignoreHref: true } },
    ],
  });
  if (/[\p{L}\p{N}]/u.test(said)) return said;
  return convert(html, { ...COMMON, selectors: [{ selector: 'img', options: { pathRewrite: () => '' } }] });
}
