import { convert } from 'html-to-text';
import sanitizeHtml from 'sanitize-html';

/** What a mail may show. No script, style sheet, form, frame, link relation or meta; images only as our own attachments. */
const OPTIONS: sanitizeHtml.IOptions = {
  allowedTags: [
    ...sanitizeHtml.defaults.allowedTags.filter((tag) => tag !== 'iframe'),
    ...['img', 'center', 'font', 'del', 'ins'],
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
    a: (tagName, attribs) => ({ tagName, attribs: { ...attribs, rel: 'noopener noreferrer nofollow' } }),
  },
};
const WITH_REL = {
  ...OPTIONS,
  allowedAttributes: { ...OPTIONS.allowedAttributes, a: ['href', 'name', 'rel'] },
};

/** A mail's HTML as it may be shown: it runs nothing and loads nothing from anywhere. */
export function sanitise(html: string): string {
  return sanitizeHtml(html, WITH_REL);
}

/** The text of an HTML mail, for search, snippets and those who read text. */
export function htmlToText(html: string): string {
  return convert(html, {
    wordwrap: false,
    limits: { maxInputLength: 1_000_000, maxDepth: 100, ellipsis: '…' },
    selectors: [
      { selector: 'img', format: 'skip' },
      { selector: 'a', options: { hideLinkHrefIfSameAsText: true, ignoreHref: true } },
    ],
  });
}
