import { convert } from 'html-to-text';
import sanitizeHtml from 'sanitize-html';

/** What a mail may show. No script, style sheet, form, frame, link relation or meta; images only as our own attachments. */
const OPTIONS: sanitizeHtml.IOptions = {
  allowedTags: [
    // It is looked up for every tag, from the first on: what mails are made of stands first.
    ...['td', 'tr', 'span', 'p', 'br', 'div', 'a', 'b', 'font', 'img', 'table', 'tbody', 'strong', 'li'],
    ...sanitizeHtml.defaults.allowedTags.filter((tag) => tag !== 'iframe'),
    ...['center', 'del', 'ins'],
  ],
  allowedAttributes: {
    '*': ['dir', 'lang', 'align', 'valign', 'title'],
    a: ['href', 'name'],
    img: ['src', 'alt', 'width', 'height'],
    td: ['colspan', 'rowspan', 'width'],
    th: ['colspan', 'rowspan', 'width'],
    table: ['width', 'border', 'cellpadding', 'cellspacing'],
    font: ['color', 'size'],
  },
  allowedSchemes: ['https', 'http', 'mailto', 'tel'],
  // Inline images of the mail itself; anything on the network would tell the sender who reads when.
  allowedSchemesByTag: { img: ['cid'] },
  allowProtocolRelative: false,
  disallowedTagsMode: 'discard',
  nestingLimit: 100,
  transformTags: {
    // A relative address would be one of the page that shows the mail.
    a: (tagName, { href, ...attribs }) => ({
      tagName,
      attribs: { ...absolute('href', href), ...attribs, rel: 'noopener noreferrer nofollow' },
    }),
    img: (tagName, { src, ...attribs }) => ({ tagName, attribs: { ...absolute('src', src), ...attribs } }),
  },
};
const WITH_REL = {
  ...OPTIONS,
  allowedAttributes: { ...OPTIONS.allowedAttributes, a: ['href', 'name', 'rel'] },
};

function absolute(name: string, address: string | undefined): Record<string, string> {
  return address !== undefined && URL.canParse(address) ? { [name]: address } : {};
}

/** A mail's HTML as it may be shown: it runs nothing and loads nothing from anywhere. */
export function sanitise(html: string): string {
  return sanitizeHtml(html, WITH_REL);
}

/** What is no part of the text. Not the head as a whole: many a mail never closes it, and all it says would be lost. */
const UNREAD = ['style', 'script', 'title', 'template'].map((selector) => ({
  selector,
  format: 'skip',
}));
const COMMON = {
  wordwrap: false as const,
  limits: { maxInputLength: 1_000_000, maxDepth: 100, ellipsis: '…' },
  // The whole document: there are mails that go on after </html>.
  baseElements: { selectors: [] },
};

/**
 * The text of an HTML mail, for search, snippets and those who read text. A mail that says everything by pictures and
 * links is read as their descriptions and addresses.
 */
export function htmlToText(html: string): string {
  const said = convert(html, {
    ...COMMON,
    selectors: [
      ...UNREAD,
      { selector: 'img', format: 'skip' },
      { selector: 'a', options: { hideLinkHrefIfSameAsText: true, ignoreHref: true } },
    ],
  });
  if (/[\p{L}\p{N}]/u.test(said)) return said;
  const described = { selector: 'img', options: { pathRewrite: () => '' } };
  return convert(html, { ...COMMON, selectors: [...UNREAD, described] });
}
