import { Parser } from 'htmlparser2';
import { capBytes } from './text.ts';

/** What a mail may show: text and its form. No script, style sheet, form, frame, link relation, meta or foreign markup. */
const TAGS = new Set(
  [
    'address article aside footer header h1 h2 h3 h4 h5 h6 hgroup main nav section',
    'blockquote center dd div dl dt figcaption figure hr li menu ol p pre ul',
    'a abbr b bdi bdo br cite code data del dfn em font i img ins kbd mark q rb rp rt rtc ruby',
    's samp small span strong sub sup time u var wbr',
    'caption col colgroup table tbody td tfoot th thead tr',
  ].flatMap((line) => line.split(' ')),
);
const VOID = new Set(['br', 'col', 'hr', 'img', 'wbr']);
/** What is in these is no text of the mail, and is left out with them. */
const UNREAD = new Set('script style title template iframe noembed noframes'.split(' '));
const EVERYWHERE = new Set(['dir', 'lang', 'align', 'valign', 'title']);
const CELL = new Set(['colspan', 'rowspan', 'width']);
const ATTRIBUTES = new Map([
  ['a', new Set(['name'])],
  ['img', new Set(['alt', 'width', 'height'])],
  ['td', CELL],
  ['th', CELL],
  ['table', new Set(['width', 'border', 'cellpadding', 'cellspacing'])],
  ['font', new Set(['color', 'size'])],
]);
/**
 * Where an address may stand, and with which schemes. It is read as browsers read it (WHATWG URL), and must be absolute: a
 * relative one would be one of the page that shows the mail. Pictures are the mail's own (RFC 2392, cid): anything on the
 * network would tell the sender who reads when.
 */
const ADDRESSES = new Map([
  ['a', { name: 'href', schemes: new Set(['https:', 'http:', 'mailto:', 'tel:']) }],
  ['img', { name: 'src', schemes: new Set(['cid:']) }],
]);
const REL = ' rel="noopener noreferrer nofollow"';
/** Elements within elements that are written; deeper ones lose their tags and keep their text. */
const MAX_WRITTEN = 100;
/** Elements within elements that are read: the parser looks through all that are open, so that a mail could be made to hang it. */
const MAX_READ = 1_000;
/** Octets kept free for the tags that are open where HTML is cut. */
const FOR_CLOSING = 1_500;

/**
 * A mail's HTML as it may be shown: what is not known to be harmless is not written, so that it runs nothing and loads
 * nothing from anywhere; every tag that it opens it closes. At most `maxBytes` octets of UTF-8, never cut within a
 * tag. It takes time in proportion to the HTML, whatever that is.
 *
 * The tags and the safe attributes are those of sanitize-html's defaults, which it is tested against.
 */
export function sanitise(html: string, maxBytes: number): string {
  const whole = new Sanitiser(Number.POSITIVE_INFINITY).read(html);
  if (Buffer.byteLength(whole) <= maxBytes) return whole;
  return new Sanitiser(maxBytes - FOR_CLOSING).read(html);
}

/** An element that is open: its tag, and whether it was written. */
interface Open {
  tag: string;
  written: boolean;
}

class Sanitiser {
  private out = '';
  private readonly open: Open[] = [];
  /** How many elements were open where one began whose content is left out. */
  private unread: number | null = null;
  private room: number;
  private readonly parser: Parser;

  constructor(room: number) {
    this.room = room;
    this.parser = new Parser(
      {
        onopentag: (tag, attributes) => this.begin(tag, attributes),
        ontext: (text) => this.say(text),
        onclosetag: (tag) => this.end(tag),
      },
      { decodeEntities: true },
    );
  }

  read(html: string): string {
    this.parser.end(html);
    for (let last = this.open.at(-1); last; last = this.open.at(-1)) this.end(last.tag);
    return this.out;
  }

  private begin(tag: string, attributes: Readonly<Record<string, string>>): void {
    const { length } = this.open;
    const written =
      this.unread === null && length < MAX_WRITTEN && TAGS.has(tag) && this.write(opening(tag, attributes));
    if (UNREAD.has(tag)) this.unread ??= length;
    this.open.push({ tag, written });
    if (length >= MAX_READ) this.parser.pause();
  }

  private end(tag: string): void {
    // A tag that the HTML breaks off within is closed without having begun.
    if (this.open.at(-1)?.tag !== tag) return;
    const { written } = this.open.pop() as Open;
    if (this.unread === this.open.length) this.unread = null;
    if (written && !VOID.has(tag)) this.out += `</${tag}>`;
  }

  private say(text: string): void {
    if (this.unread !== null) return;
    const { room } = this;
    const escaped = escapeText(text);
    // Of a text that is too long the beginning, without what is left of a character's name.
    if (!this.write(escaped)) this.out += capBytes(escaped, Math.max(room, 0)).replace(/&\w*$/, '');
  }

  /** Whether there was room for it; where there was none, nothing more is read. */
  private write(piece: string): boolean {
    if (this.room < Number.POSITIVE_INFINITY) this.room -= Buffer.byteLength(piece);
    if (this.room < 0) this.parser.pause();
    else this.out += piece;
    return this.room >= 0;
  }
}

function opening(tag: string, attributes: Readonly<Record<string, string>>): string {
  const address = ADDRESSES.get(tag);
  const own = ATTRIBUTES.get(tag);
  let written = `<${tag}`;
  for (const name in attributes) {
    const value = attributes[name] as string;
    if (address?.name === name ? leads(value, address.schemes) : EVERYWHERE.has(name) || own?.has(name))
      if (value !== '' || name === 'alt') written += ` ${name}="${escapeValue(value)}"`;
  }
  return `${written}${tag === 'a' ? REL : ''}${VOID.has(tag) ? ' />' : '>'}`;
}

const leads = (address: string, schemes: ReadonlySet<string>) =>
  schemes.has(URL.parse(address)?.protocol ?? '');

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escapeText = (text: string) => text.replace(/[&<>]/g, (character) => ESCAPES[character] as string);
const escapeValue = (value: string) => value.replace(/[&<>"]/g, (character) => ESCAPES[character] as string);
