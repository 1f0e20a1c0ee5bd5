import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCharset } from '../../../../../shared/domains/inbox/message/charset.ts';
import { decodeTransfer } from '../../../../../shared/domains/inbox/message/decode.ts';
import { htmlToText } from '../../../../../shared/domains/inbox/message/html.ts';
import { sanitise } from '../../../../../shared/domains/inbox/message/sanitise.ts';
import {
  capBytes,
  cleanText,
  MAX_HTML_BYTES,
  snippetOf,
} from '../../../../../shared/domains/inbox/message/text.ts';

describe('decoding', () => {
  it.each<[string, Buffer, string | undefined, string]>([
    ['UTF-8 that says so', Buffer.from('café €'), 'utf-8', 'café €'],
    ['UTF-8 labelled us-ascii', Buffer.from('café'), 'us-ascii', 'café'],
    ['UTF-8 without a label', Buffer.from('café'), undefined, 'café'],
    ['Latin-1 labelled us-ascii', Buffer.from('caf\u00e9', 'latin1'), 'us-ascii', 'café'],
    ['Latin-1 labelled UTF-8', Buffer.from('caf\u00e9', 'latin1'), 'UTF-8', 'café'],
    ['the Euro of Windows in what is called Latin-1', Buffer.from([0x80]), 'iso-8859-1', '€'],
    ['a charset that iconv alone knows', Buffer.from([0x82]), 'cp850', 'é'],
    ['Japanese', Buffer.from('1b24422546253925481b2842', 'hex'), 'ISO-2022-JP', 'テスト'],
    ['Chinese', Buffer.from('c4e3bac3', 'hex'), 'gb2312', '你好'],
    ['a label in quotes', Buffer.from('é'), '"utf-8"', 'é'],
    ['a label that is none', Buffer.from('é'), 'default', 'é'],
    ['a label that nobody knows', Buffer.from('caf\u00e9', 'latin1'), 'x-klingon', 'café'],
  ])('reads %s', (_name, bytes, label, text) => {
    expect(decodeCharset(bytes, label)).toBe(text);
  });

  it('leaves out a character that was cut, at whatever byte', () => {
    const bytes = Buffer.from('a€😀');
    for (let length = 1; length <= bytes.length; length += 1) {
      const text = decodeCharset(bytes.subarray(0, length), 'utf-8', true);
      expect('a€😀'.startsWith(text)).toBe(true);
    }
  });

  it('never throws, whatever the bytes and labels', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.string(), fc.string(), fc.boolean(), (bytes, label, encoding, cut) => {
        expect(typeof decodeCharset(decodeTransfer(Buffer.from(bytes), encoding), label, cut)).toBe('string');
      }),
    );
  });

  it('undoes base64 and quoted-printable', () => {
    expect(decodeTransfer(Buffer.from('Y2Fm\r\nw6k='), 'BASE64').toString()).toBe('café');
    expect(decodeTransfer(Buffer.from('caf=C3=A9=\r\n!'), 'quoted-printable').toString()).toBe('café!');
  });
});

describe('text', () => {
  it('is cut between characters, and within its bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, max) => {
        const capped = capBytes(text, max);
        expect(Buffer.byteLength(capped)).toBeLessThanOrEqual(max);
        expect(text.startsWith(capped)).toBe(true);
        expect(capped.isWellFormed()).toBe(true);
      }),
    );
  });

  it('has a snippet of what its writer says, not of what is quoted', () => {
    expect(snippetOf('> You wrote\n> this\n\n  Yes,\tplease. \n')).toBe('Yes, please.');
    expect(snippetOf('> only a quotation')).toBe('> only a quotation');
    expect([...snippetOf('😀'.repeat(500))]).toHaveLength(200);
  });

  it('is stored with one kind of line end and without what is no character', () => {
    expect(cleanText('a\r\nb\rc\0\ud800 ')).toBe('a\nb\nc\ufffd');
  });
});

const read = (html: string) => htmlToText(sanitise(html, MAX_HTML_BYTES));

describe('HTML', () => {
  it('is read to its very end, without what is no text', () => {
    const html = '<html><head><title>T</title><style>p{}</style></head><body>One</body></html>\nTwo';
    expect(read(html).replace(/\s+/g, ' ').trim()).toBe('One Two');
  });

  it('is read though its head never ends', () => {
    const html =
      '<html><head><title>T</title><style>p{}</style><meta name="a" content="b"><div>One</div></html>';
    expect(read(html).trim()).toBe('One');
  });

  it('that is all pictures and links is read as what they are called and lead to', () => {
    const html = '<a href="https://shop.test/"><img src="http://shop.test/1.gif" alt="Sale"></a>';
    expect(read(html)).toMatch(/Sale.*https:\/\/shop\.test\//);
    expect(read(html)).not.toContain('1.gif');
  });
});
