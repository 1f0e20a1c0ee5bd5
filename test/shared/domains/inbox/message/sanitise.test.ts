import fc from 'fast-check';
import PostalMime from 'postal-mime';
import sanitizeHtml from 'sanitize-html';
import { describe, expect, it } from 'vitest';
import { sanitise } from '../../../../../shared/domains/inbox/message/sanitise.ts';
import { hostileHtml } from '../../../../support/inbox/hostile-html.ts';
import { spamAssassin, WHOLE } from '../../../../support/inbox/spam-assassin.ts';

const MAX = 400_000;
const UNREAD = ['script', 'style', 'title', 'template', 'iframe', 'noembed'];

/** Returns true if it is an absolute address on any page. */
const absolute = (address: string) =>
  URL.canParse(address) &&
  !['https:', 'http:'].some((scheme) => URL.parse(address, `${scheme}//a.invalid`)?.host === 'a.invalid');

/** Without a user name and password. */
const anonymous = (value: string) => {
  const url = URL.parse(value);
  if (!url || (url.username === '' && url.password === '')) return value;
  return Object.assign(url, { username: '', password: '' }).href;
};

/** Without addresses that are none by themselves, and with what every link says of itself. */
const addressed =
  (name: string, more = {}) =>
  (tagName: string, attribs: Record<string, string>) => ({
    tagName,
    attribs: {
      ...Object.fromEntries(
        Object.entries(attribs)
          .filter(([key, value]) => key !== 'rel' && (key !== name || absolute(value)))
          .map(([key, value]) => [key, key === name ? anonymous(value) : value]),
      ),
      ...more,
    },
  });

/** A widely used sanitiser, set to allow the same elements; it is slower, and some inputs make it hang. */
const reference = (html: string) =>
  sanitizeHtml(html.replace(/<\/?noframes>/g, ' '), {
    allowedTags: [...sanitizeHtml.defaults.allowedTags, 'img', 'font', 'center', 'del', 'ins'],
    nonTextTags: UNREAD,
    allowedAttributes: {
      '*': ['dir', 'lang', 'align', 'valign', 'title'],
      a: ['href', 'name', 'rel'],
      img: ['src', 'alt', 'width', 'height'],
      td: ['colspan', 'rowspan', 'width'],
      th: ['colspan', 'rowspan', 'width'],
      table: ['width', 'border', 'cellpadding', 'cellspacing'],
      font: ['color', 'size'],
    },
    nonBooleanAttributes: ['*'],
    selfClosing: ['br', 'col', 'hr', 'img', 'wbr'],
    allowedSchemes: ['https', 'http', 'mailto', 'tel'],
    allowedSchemesByTag: { img: ['cid'] },
    allowProtocolRelative: false,
    nestingLimit: 100,
    transformTags: {
      a: addressed('href', { rel: 'noopener noreferrer nofollow' }),
      img: addressed('src'),
    },
  });

const tags =
  'a b p td tr table div img br script style svg math title textarea select option iframe noscript xmp form li pre font'.split(
    ' ',
  );
const attributes = fc.constantFrom(
  ...[
    'href=',
    'src=',
    'srcset=',
    'onerror=alert(1)',
    'style="x:url(//e.test)"',
    'title="a>b"',
    'alt',
    'dir=rtl',
  ],
  ...[
    'href="javascript:1"',
    'href="java\tscript:1"',
    'href="&#106;avascript:1"',
    'href="//e.test"',
    'href=HTTP:e.test',
  ],
  ...[
    'href="https://e.test/?a&b"',
    'href=" https://e.test"',
    "href='mailto:a@b.test'",
    'href="/x"',
    'href=data:,1',
    'href=https:a',
    'href="http:/a"',
  ],
  ...[
    'src="cid:1"',
    'src=CID:&lt;2',
    'src=http://e.test',
    'src="data:image/svg+xml,1"',
    'rel=opener',
    'name=x',
  ],
  ...['__proto__="1"', 'constructor=1', 'width=""', 'width=9', 'colspan=2', 'color=red', 'class=x', 'id=y'],
);
/** Pieces of a mail by an attacker: markup in any order, whole and broken. */
const pieces = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(...tags),
      fc.array(attributes, { maxLength: 4 }),
      fc.constantFrom('>', '/>', '', '\n'),
    )
    .map(([tag, has, end]) => `<${[tag, ...has].join(' ')}${end}`),
  fc.constantFrom(...tags.flatMap((tag) => [`</${tag}>`, `</${tag} x>`, `<${tag.toUpperCase()}>`])),
  attributes,
  fc.constantFrom(
    ...['<', '>', '"', "'", '=', '/', '&', ' ', '\0', '<!--', '-->', '<!', '<?', '<![CDATA[', ']]>', '</'],
    ...['&lt;', '&#60;', '&#x3c', '&quot;', '&amp', '&#0;', '&NotEqualTilde;', 'x', 'é', '😀'],
  ),
);
const soup = fc.array(pieces, { maxLength: 60 }).map((all) => all.join(''));

/** Everything that comes out: text without brackets, and tags that are let through with harmless attributes. */
const LET_THROUGH =
  /^(?:[^<>]|<\/?[a-z][a-z0-9]*(?: (?:dir|lang|align|valign|title|name|alt|width|height|colspan|rowspan|border|cellpadding|cellspacing|color|size|rel|href="\s*(?:https?|mailto|tel):[^"<>]*"|src="\s*cid:[^"<>]*")(?:="[^"<>]*")?)*(?: \/)?>)*$/i;

/** Returns true if each opened tag is closed, in order. */
function balanced(html: string): boolean {
  const open: string[] = [];
  for (const [, closing, tag = '', itself] of html.matchAll(/<(\/?)([a-z][a-z0-9]*)[^>]*?( \/)?>/g))
    if (closing === '/') {
      if (open.pop() !== tag) return false;
    } else if (!itself) open.push(tag);
  return open.length === 0;
}

describe('HTML of a mail', () => {
  it.each(hostileHtml('https://evil.test'))('runs nothing and loads nothing: %s', (_name, html) => {
    const safe = sanitise(html, MAX);
    expect(safe).toMatch(LET_THROUGH);
    expect(safe).not.toMatch(/src="(?!cid:)/);
  });

  it('comes out as from the sanitiser that many use, whatever is put in', () => {
    fc.assert(
      fc.property(soup, (html) => {
        const safe = sanitise(html, MAX);
        expect(safe).toBe(reference(html));
        expect(safe).toMatch(LET_THROUGH);
        expect(balanced(safe)).toBe(true);
      }),
      { numRuns: WHOLE ? 200_000 : 3_000 },
    );
  });

  it('that people and machines have sent comes out as from that sanitiser', {
    timeout: 300_000,
  }, async () => {
    const others: string[] = [];
    let count = 0;
    for (const [name, raw] of spamAssassin(WHOLE ? 1 : 6)) {
      const { html } = await PostalMime.parse(raw);
      if (!html) continue;
      count += 1;
      if (sanitise(html, MAX) !== reference(html)) others.push(name);
    }
    expect(count).toBeGreaterThan(WHOLE ? 1_000 : 150);
    expect(others).toEqual([]);
  });

  it('keeps what is said, its links and its own pictures', () => {
    const html =
      '<p dir="rtl">Hello <b>you</b></p><a href="https://example.test/a">a</a><img src="cid:1" alt="x">';
    expect(sanitise(html, MAX)).toBe(
      '<p dir="rtl">Hello <b>you</b></p><a href="https://example.test/a" rel="noopener noreferrer nofollow">a</a><img src="cid:1" alt="x" />',
    );
  });

  it('that is all frames is what stands for them', () => {
    const html =
      '<frameset><frame src="https://e.test"><noframes><body><p>No frames.</p><script>x</script></body></noframes>';
    expect(sanitise(html, MAX).trim()).toBe('<p>No frames.</p>');
  });

  it('fits where it is cut, and closes what it opened', () => {
    fc.assert(
      fc.property(soup, fc.integer({ min: 0, max: 6_000 }), (html, max) => {
        const safe = sanitise(html.repeat(20), max);
        expect(Buffer.byteLength(safe)).toBeLessThanOrEqual(max);
        expect(safe).toMatch(LET_THROUGH);
        expect(balanced(safe)).toBe(true);
      }),
    );
    for (const piece of ['</p>', '<tr><td>x', '<p>x', 'é&', '<br>', '<a href="https://e.test">'])
      for (const max of [0, 10, 100, 6_000, MAX])
        expect(Buffer.byteLength(sanitise(piece.repeat(150_000), max)), piece).toBeLessThanOrEqual(max);
    expect(sanitise(`<p>${'é&'.repeat(5_000)}</p>`, 4_000)).toMatch(/^<p>(é&amp;){300,}é?<\/p>$/);
  });

  it('has no link into the page that shows it', () => {
    const links = ['https:logout', 'https:/admin/delete', 'HTTP:\\admin', '//e.test', '/x', '?x', '#x', 'x'];
    for (const link of links)
      expect(sanitise(`<a href="${link}">x</a>`, MAX)).toBe('<a rel="noopener noreferrer nofollow">x</a>');
    for (const link of ['https://e.test/', 'http://e.test', 'https:\\\\e.test', 'mailto:a@e.test', 'tel:+33'])
      expect(sanitise(`<a href="${link}">x</a>`, MAX)).toContain(` href="${link}"`);
  });

  it.each([
    ['https://user:pw@evil.example/x', 'https://evil.example/x'],
    ['https://bank.example@evil.example/', 'https://evil.example/'],
    ['http://%62ank.example:443@evil.example/a?b#c', 'http://evil.example/a?b#c'],
    ['https://a@e.test:8443/@x', 'https://e.test:8443/@x'],
    ['https://e.test/@x', 'https://e.test/@x'],
    ['mailto:a@e.test?attach=/etc/passwd', 'mailto:a@e.test'],
    ['mailto:a@e.test?subject=x&bcc=spy@e.test&ATTACHMENT=y&Body=z', 'mailto:a@e.test?subject=x&amp;Body=z'],
  ])('shows the link %s as %s', (given, shown) => {
    expect(sanitise(`<a href="${given}">x</a>`, MAX)).toContain(` href="${shown}"`);
  });

  it('is read no deeper than a thousand elements within each other, however many it opens', () => {
    const levels = (count: number) => `${'<b>'.repeat(count)}said`;
    expect(sanitise(levels(900), MAX)).toBe(`${'<b>'.repeat(100)}said${'</b>'.repeat(100)}`);
    expect(sanitise(levels(200_000), MAX)).toBe('<b>'.repeat(100) + '</b>'.repeat(100));
  });
});
