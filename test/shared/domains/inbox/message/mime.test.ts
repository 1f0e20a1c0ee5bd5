import { describe, expect, it } from 'vitest';
import { type ReadMessage, readMessage } from '../../../../../shared/domains/inbox/message/message.ts';
import { outlineOf } from '../../../../../shared/domains/inbox/message/outline.ts';
import { readRaw } from '../../../../../shared/domains/inbox/message/raw.ts';
import { shapeOfRaw } from '../../../../../shared/domains/inbox/message/structure.ts';
import { mimeCases } from '../../../../support/inbox/mime.ts';

const NOW = new Date('2026-03-04T10:00:00.000Z');

/** Reads a mail of which the server names no structure. */
function read(raw: Buffer): ReadMessage {
  const { structure, parts } = readRaw(raw);
  const outline = outlineOf(1, { size: raw.length });
  return readMessage({ ...outline, shape: shapeOfRaw(structure) }, parts, NOW);
}

describe('a mail without a structure from the server', () => {
  it.each(mimeCases())('$name: its text and its attachments are read', ({ raw, text, attachments }) => {
    const { fields } = read(raw);
    expect(fields['text']).toBe(text);
    if (!attachments) return;
    const listed = fields['attachments'] as { filename: string | null; mime_type: string }[];
    expect(listed.map(({ filename, mime_type }) => `${filename} ${mime_type}`)).toEqual(attachments);
  });

  it('whose lines end by CR alone is read', () => {
    const raw = Buffer.from('Content-Type: text/plain\r\rHello text.\rMore.');
    expect(read(raw).fields['text']).toBe('Hello text.\nMore.');
  });

  it('is bounded: a thousand parts, and parts in parts without end', () => {
    const many = `Content-Type: multipart/mixed; boundary=a\r\n\r\n${'--a\r\n\r\nx\r\n'.repeat(1_000)}`;
    expect(read(Buffer.from(many)).fields['attachments']).toHaveLength(92);
    const deep = 'Content-Type: message/rfc822\r\n\r\n'.repeat(1_000);
    expect(read(Buffer.from(`${deep}inner`)).fields['text']).toBeTypeOf('string');
  });
});
