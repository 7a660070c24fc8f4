import { createHash } from 'node:crypto';

/** Kinds of values, by their numbers in the format. */
const types = { int16: 3, int32: 4, int64: 5, text: 6, bytes: 7, texts: 8, translated: 9 } as const;

/** A value of a header that a test makes. */
export type TestValue =
  | { type: 'int16' | 'int32' | 'int64'; values: readonly number[] }
  | { type: 'text' | 'texts' | 'translated'; values: readonly (string | Buffer)[] }
  | { type: 'bytes'; values: Buffer };

/** A header without the magic: numbers of descriptions and bytes, descriptions, values. */
export function encodeHeader(values: readonly (readonly [number, TestValue])[]): Buffer {
  const descriptions: Buffer[] = [];
  const parts: Buffer[] = [];
  let length = 0;
  for (const [tag, value] of values) {
    const size = { int16: 2, int32: 4, int64: 8, text: 1, texts: 1, translated: 1, bytes: 1 }[value.type];
    const padding = Buffer.alloc((size - (length % size)) % size);
    const bytes = encodeValue(value, size);
    const count = value.type === 'bytes' ? bytes.length : value.values.length;
    const description = Buffer.alloc(16);
    for (const [index, number] of [tag, types[value.type], length + padding.length, count].entries()) {
      description.writeUInt32BE(number, 4 * index);
    }
    descriptions.push(description);
    parts.push(padding, bytes);
    length += padding.length + bytes.length;
  }
  const intro = Buffer.alloc(8);
  intro.writeUInt32BE(values.length, 0);
  intro.writeUInt32BE(length, 4);
  return Buffer.concat([intro, ...descriptions, ...parts]);
}

function encodeValue(value: TestValue, size: number): Buffer {
  if (value.type === 'bytes') return value.values;
  const parts = value.values.map((item) => {
    if (typeof item !== 'number') return Buffer.concat([Buffer.from(item), Buffer.alloc(1)]);
    const bytes = Buffer.alloc(size);
    if (size === 8) bytes.writeBigUInt64BE(BigInt(item));
    else bytes.writeUIntBE(item, 0, size);
    return bytes;
  });
  return Buffer.concat(parts);
}

const magic = Buffer.from([0x8e, 0xad, 0xe8, 0x01, 0, 0, 0, 0]);

/** The part of a package file that is signed, of a header: with the magic. */
export function withMagic(header: Buffer): Buffer {
  return Buffer.concat([magic, header]);
}

/**
 * A package file of a header and a payload, with the header's checksum.
 * @param more values to stand before the header: signatures
 */
export function encodeRpm(
  header: Buffer,
  payload: Buffer = Buffer.alloc(0),
  more: readonly (readonly [number, TestValue])[] = [],
): Buffer {
  const sha256 = createHash('sha256').update(magic).update(header).digest('hex');
  const signatures = encodeHeader([[273, { type: 'text', values: [sha256] }], ...more]);
  const padding = Buffer.alloc((8 - (signatures.length % 8)) % 8);
  const lead = Buffer.alloc(96);
  lead.set([0xed, 0xab, 0xee, 0xdb, 3]);
  return Buffer.concat([lead, magic, signatures, padding, withMagic(header), payload]);
}
