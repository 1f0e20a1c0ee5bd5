import { Parser } from 'htmlparser2';
import { capBytes } from './text.ts';

/** Elements that a mail may show: no script, style sheet, form, frame, link relation, meta or foreign markup. */
const SHOWN = [
  'address article aside footer header h1 h2 h3 h4 h5 h6 hgroup main nav section',
  'blockquote center dd div dl dt figcaption figure hr li menu ol p pre ul',
  'a abbr b bdi bdo br cite code data del dfn em font i img ins kbd mark q rb rp rt rtc ruby',
  's samp small span strong sub sup time u var wbr',
  'caption col colgroup table tbody td tfoot th thead tr',
].flatMap((line) => line.split(' '));
const VOID = ['br', 'col', 'hr', 'img', 'wbr'];
/** Elements whose content is no text of the mail; it is left out with them. */
const UNREAD = new Set('script style title template iframe noembed'.split(' '));
/** Frames are not shown; so what stands for them is, which the parser would hand on as text, tags and all. */
const FOR_NO_FRAMES = /<\/?noframes\b[^<>]*>/gi;
const EVERYWHERE = ['dir', 'lang', 'align', 'valign', 'title'];
const CELL = ['colspan', 'rowspan', 'width'];
const ATTRIBUTES: Readonly<Record<string, readonly string[]>> = {
  a: ['name'],
  img: ['alt', 'width', 'height'],
  td: CELL,
  th: CELL,
  table: ['width', 'border', 'cellpadding', 'cellspacing'],
  font: ['color', 'size'],
};
/**
 * Where an address may stand, and with which schemes. It is read as browsers read it (WHATWG URL), and must be absolute: a
 * relative one would be one of the page that shows the mail. Pictures are the mail's own (RFC 2392, cid): anything on the
 * network would tell the sender who reads when.
 */
const ADDRESSES: Readonly<Record<string, { name: string; schemes: ReadonlySet<string> }>> = {
  a: { name: 'href', schemes: new Set(['https:', 'http:', 'mailto:', 'tel:']) },
  img: { name: 'src', schemes: new Set(['cid:']) },
};
const REL = ' rel="noopener noreferrer nofollow"';

/** How a tag is written. */
interface Tag {
  begins: string;
  /** After its attributes. */
  ends: string;
  closing: string;
  attributes: ReadonlySet<string>;
  address: { name: string; schemes: ReadonlySet<string> } | undefined;
}

const TAGS = new Map(
  SHOWN.map((tag): [string, Tag] => {
    const empty = VOID.includes(tag);
    return [
      tag,
      {
        begins: `<${tag}`,
        ends: `${tag === 'a' ? REL : ''}${empty ? ' />' : '>'}`,
        closing: empty ? '' : `</${tag}>`,
        attributes: new Set([...EVERYWHERE, ...(ATTRIBUTES[tag] ?? [])]),
        address: ADDRESSES[tag],
      },
    ];
  }),
);

/** Elements within elements that are written; deeper ones lose their tags and keep their text. */
const MAX_WRITTEN = 100;
/** Elements within elements that are read: the parser looks through all that are open, so that a mail could be made to hang it. */
const MAX_READ = 1_000;
/**
 * A mail's HTML as it may be shown: what is not known to be harmless is not written, so that it runs nothing and loads
 * nothing from anywhere; every tag that it opens it closes. At most `maxBytes` octets of UTF-8, never cut within a
 * tag. It takes time in proportion to the HTML, whatever that is.
 *
 * The tags are those of sanitize-html's defaults and a few that mails are made of; its results are tested against it.
 */
export function sanitise(html: string, maxBytes: number): string {
  const shown = html.replace(FOR_NO_FRAMES, ' ');
  const whole = new Sanitiser(Number.POSITIVE_INFINITY).read(shown);
  if (Buffer.byteLength(whole) <= maxBytes) return whole;
  return new Sanitiser(maxBytes).read(shown);
}

class Sanitiser {
  private out = '';
  /** The elements that are open, and how they were written: null where they were not. */
  private readonly open: string[] = [];
  private readonly written: (Tag | null)[] = [];
  /** How many elements were open where one began whose content is left out. */
  private unread: number | null = null;
  private room: number;
  private readonly parser: Parser;

  constructor(room: number) {
    this.room = room;
    this.parser = new Parser(
      {
        onopentag: (name, attributes) => this.begin(name, attributes),
        ontext: (text) => this.say(text),
        onclosetag: (name) => this.end(name),
      },
      { decodeEntities: true },
    );
  }

  read(html: string): string {
    this.parser.end(html);
    for (let last = this.open.at(-1); last !== undefined; last = this.open.at(-1)) this.end(last);
    return this.out;
  }

  private begin(name: string, attributes: Readonly<Record<string, string>>): void {
    const { length } = this.open;
    const tag = this.unread === null && length < MAX_WRITTEN ? TAGS.get(name) : undefined;
    const written = tag !== undefined && this.write(opening(tag, attributes), tag.closing.length);
    if (!tag && UNREAD.has(name)) this.unread ??= length;
    this.open.push(name);
    this.written.push(written ? tag : null);
    if (length >= MAX_READ) this.parser.pause();
  }

  private end(name: string): void {
    // A tag that the HTML breaks off within is closed without having begun.
    if (this.open.at(-1) !== name) return;
    this.open.pop();
    if (this.unread === this.open.length) this.unread = null;
    const tag = this.written.pop();
    if (tag) this.out += tag.closing;
  }

  private say(text: string): void {
    if (this.unread !== null) return;
    const { room } = this;
    const escaped = escapeText(text);
    // A text that is too long keeps its beginning, without the rest of a cut character reference.
    if (!this.write(escaped)) this.out += capBytes(escaped, Math.max(room, 0)).replace(/&\w*$/, '');
  }

  /** Returns true if there was room for the piece and for `toFollow` octets after it. Without room it stops reading. */
  private write(piece: string, toFollow = 0): boolean {
    if (this.room < Number.POSITIVE_INFINITY) this.room -= Buffer.byteLength(piece) + toFollow;
    if (this.room < 0) this.parser.pause();
    else this.out += piece;
    return this.room >= 0;
  }
}

function opening(tag: Tag, given: Readonly<Record<string, string>>): string {
  let written = tag.begins;
  for (const name in given) {
    const value = given[name] as string;
    const { address } = tag;
    const shown =
      address?.name === name ? toLink(value, address.schemes) : tag.attributes.has(name) ? value : '';
    if (shown !== '' || (name === 'alt' && tag.attributes.has(name)))
      written += ` ${name}="${escapeValue(shown)}"`;
  }
  return written + tag.ends;
}

/** The fields of a new mail that a link may fill (RFC 6068); others would attach files or hide recipients. */
const MAIL_FIELDS = ['subject', 'body', 'cc'];

/**
 * Returns an address that leads to one place from any page, without user name and password; '' if it does not. A page loaded
 * by HTTPS reads `https:x` as relative.
 */
function toLink(address: string, schemes: ReadonlySet<string>): string {
  const url = URL.parse(address);
  if (!url || !schemes.has(url.protocol)) return '';
  if (url.host !== '' && URL.parse(address, `${url.protocol}//elsewhere.invalid`)?.host !== url.host)
    return '';
  const fields = url.search.slice(1).split('&');
  const shown = url.protocol === 'mailto:' ? fields.filter(isMailField) : fields;
  // An address that needs no change stays to the letter.
  if (url.username === '' && url.password === '' && shown.length === fields.length) return address;
  Object.assign(url, { username: '', password: '', search: shown.join('&') });
  return url.href;
}

const isMailField = (field: string): boolean =>
  field === '' || MAIL_FIELDS.includes(field.split('=', 1)[0]?.toLowerCase() ?? '');

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escapeText = (text: string) => text.replace(/[&<>]/g, (character) => ESCAPES[character] as string);
const escapeValue = (value: string) => value.replace(/[&<>"]/g, (character) => ESCAPES[character] as string);
