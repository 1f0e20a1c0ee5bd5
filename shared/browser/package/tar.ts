import { gzipSync } from 'node:zlib';

const BLOCK = 512;

/**
 * Packs files as npm expects a package: a gzipped ustar archive (POSIX 1003.1) below `package/`. The same files give the
 * same bytes, since lock files keep a digest of them.
 */
export function packTarball(files: ReadonlyMap<string, string>): Buffer {
  const parts = [...files].flatMap(([name, text]) => {
    const content = Buffer.from(text);
    const padding = Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK);
    return [toHeader(`package/${name}`, content.length), content, padding];
  });
  const packed = gzipSync(Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]), { level: 9 });
  // The byte that names the operating system, by RFC 1952 255 for an unknown one.
  packed[9] = 255;
  return packed;
}

function toHeader(name: string, size: number): Buffer {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`;
  const write = (text: string, at: number) => header.write(text, at, 'latin1');
  write(name, 0);
  write(octal(0o644, 7), 100);
  write(octal(0, 7), 108);
  write(octal(0, 7), 116);
  write(octal(size, 11), 124);
  // Any fixed instant; npm sets its own.
  write(octal(499_162_500, 11), 136);
  write(' '.repeat(8), 148);
  write('0', 156);
  write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  write(`${octal(sum, 6)} `, 148);
  return header;
}
