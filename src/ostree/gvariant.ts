import { isUtf8 } from 'node:buffer';
import { verificationError } from '../lib/errors.ts';

// The part of GVariant that ostree's objects are made of. Serialization format:
// https://people.gnome.org/~desrt/gvariant-serialisation.pdf (also docs.gtk.org/glib, "GVariant Format Strings").
// GVariant itself is in native byte order, but ostree stores its integers big-endian: so do uint32 and uint64 here.

/** A GVariant type: encodes values to their one normal form, and decodes with nothing but that form accepted. */
export interface VariantType<T> {
  /** The type string, such as `(uuua(ayay))`. */
  readonly signature: string;
  readonly alignment: 1 | 4 | 8;
  /** Size in bytes of every value, or `undefined` if it varies. */
  readonly fixedSize: number | undefined;
  encode(value: T): Buffer;
  /** Views of `bytes` may be kept by the result. Throws `GVARIANT_INVALID` on framing that makes no sense. */
  decode(bytes: Buffer): T;
}

/**
 * Decodes bytes of unknown origin. The result encodes to exactly these bytes again: one value has one form.
 * @throws CosaError `GVARIANT_INVALID` (exit 4)
 */
export function decodeVariant<T>(type: VariantType<T>, bytes: Buffer): T {
  const value = type.decode(bytes);
  if (!type.encode(value).equals(bytes)) throw invalid(type.signature, 'is not in normal form');
  return value;
}

export const byteArray: VariantType<Uint8Array> = {
  signature: 'ay',
  alignment: 1,
  fixedSize: undefined,
  encode: (value) => Buffer.from(value.buffer, value.byteOffset, value.byteLength),
  decode: (bytes) => bytes,
};

export const string: VariantType<string> = {
  signature: 's',
  alignment: 1,
  fixedSize: undefined,
  encode: (value) => Buffer.from(`${value}\0`),
  decode: (bytes) => {
    const text = bytes.subarray(0, -1);
    if (bytes.at(-1) !== 0 || text.includes(0) || !isUtf8(text)) throw invalid('s', 'is not a string');
    return text.toString();
  },
};

export const boolean: VariantType<boolean> = {
  signature: 'b',
  alignment: 1,
  fixedSize: 1,
  encode: (value) => Buffer.from([value ? 1 : 0]),
  decode: (bytes) => sized('b', bytes, 1)[0] !== 0,
};

export const uint32: VariantType<number> = {
  signature: 'u',
  alignment: 4,
  fixedSize: 4,
  encode: (value) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
  },
  decode: (bytes) => sized('u', bytes, 4).readUInt32BE(),
};

export const uint64: VariantType<bigint> = {
  signature: 't',
  alignment: 8,
  fixedSize: 8,
  encode: (value) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(value);
    return bytes;
  },
  decode: (bytes) => sized('t', bytes, 8).readBigUInt64BE(),
};

/** A value together with its type. */
export interface Variant {
  signature: string;
  /** The value, encoded; decode it with the type that belongs to the signature. */
  bytes: Buffer;
}

/** Wraps a value in a {@link Variant}. */
export function variantOf<T>(type: VariantType<T>, value: T): Variant {
  return { signature: type.signature, bytes: type.encode(value) };
}

export const variant: VariantType<Variant> = {
  signature: 'v',
  alignment: 8,
  fixedSize: undefined,
  encode: ({ signature, bytes }) => Buffer.concat([bytes, Buffer.from(`\0${signature}`)]),
  decode: (bytes) => {
    const separator = bytes.lastIndexOf(0);
    if (separator === -1) throw invalid('v', 'has no type');
    return { signature: bytes.toString('latin1', separator + 1), bytes: bytes.subarray(0, separator) };
  },
};

/** An array whose elements vary in size: ostree has no others, except `ay`. */
export function array<T>(element: VariantType<T>): VariantType<readonly T[]> {
  const signature = `a${element.signature}`;
  return {
    signature,
    alignment: element.alignment,
    fixedSize: undefined,
    encode: (values) => {
      const { body, ends } = layOut(values.map((value) => [element.alignment, element.encode(value)]));
      return withOffsets(body, ends);
    },
    decode: (bytes) => {
      if (bytes.length === 0) return [];
      const width = offsetWidth(bytes.length);
      if (bytes.length < width) throw invalid(signature, 'is too short');
      const bodyEnd = readOffset(bytes, bytes.length - width, width);
      const count = (bytes.length - bodyEnd) / width;
      if (!Number.isInteger(count) || count < 1) throw invalid(signature, 'has no valid offsets');
      const values: T[] = [];
      let begin = 0;
      for (let index = 0; index < count; index++) {
        const end = readOffset(bytes, bodyEnd + index * width, width);
        values.push(element.decode(slice(signature, bytes, align(begin, element.alignment), end, bodyEnd)));
        begin = end;
      }
      return values;
    },
  };
}

/** A tuple, or with `{}` for brackets a dictionary entry, which is laid out alike. At least one member varies in size. */
export function tuple<Values extends readonly [unknown, ...unknown[]]>(
  members: { readonly [K in keyof Values]: VariantType<Values[K]> },
  brackets: '()' | '{}' = '()',
): VariantType<Readonly<Values>> {
  const types = members as readonly VariantType<unknown>[];
  const signature = brackets[0] + types.map((type) => type.signature).join('') + brackets[1];
  const alignment = types.reduce<1 | 4 | 8>((most, type) => (type.alignment > most ? type.alignment : most), 1);
  // Every member that varies in size has an end offset, except the last member, which ends where the offsets begin.
  const hasEnd = types.map((type, index) => type.fixedSize === undefined && index < types.length - 1);
  return {
    signature,
    alignment,
    fixedSize: undefined,
    encode: (values) => {
      const { body, ends } = layOut(types.map((type, index) => [type.alignment, type.encode(values[index])]));
      return withOffsets(body, ends.filter((_, index) => hasEnd[index]).reverse());
    },
    decode: (bytes) => {
      const width = offsetWidth(bytes.length);
      const bodyEnd = bytes.length - hasEnd.filter(Boolean).length * width;
      let offsetAt = bytes.length;
      let begin = 0;
      const values = types.map((type, index) => {
        begin = align(begin, type.alignment);
        let end = type.fixedSize === undefined ? bodyEnd : begin + type.fixedSize;
        if (hasEnd[index] === true) {
          offsetAt -= width;
          if (offsetAt < 0) throw invalid(signature, 'is too short');
          end = readOffset(bytes, offsetAt, width);
        }
        const value = type.decode(slice(signature, bytes, begin, end, bodyEnd));
        begin = end;
        return value;
      });
      return values as unknown as Values;
    },
  };
}

/** Joins a container's children, each at its alignment, and says where each ends. */
function layOut(children: readonly (readonly [alignment: number, bytes: Buffer])[]): { body: Buffer; ends: number[] } {
  const parts: Buffer[] = [];
  const ends: number[] = [];
  let length = 0;
  for (const [alignment, bytes] of children) {
    const begin = align(length, alignment);
    parts.push(Buffer.alloc(begin - length), bytes);
    length = begin + bytes.length;
    ends.push(length);
  }
  return { body: Buffer.concat(parts), ends };
}

/** A container: its body with framing offsets behind it, which are as wide as the whole's size needs. */
function withOffsets(body: Buffer, ends: readonly number[]): Buffer {
  const fits = (width: number) => offsetWidth(body.length + ends.length * width) <= width;
  const width = [1, 2, 4].find(fits) ?? 4;
  const offsets = Buffer.alloc(ends.length * width);
  ends.forEach((end, index) => {
    offsets.writeUIntLE(end, index * width, width);
  });
  return Buffer.concat([body, offsets]);
}

/** Bytes of each framing offset in a container of this total size. */
function offsetWidth(size: number): 1 | 2 | 4 {
  if (size <= 0xff) return 1;
  return size <= 0xffff ? 2 : 4;
}

function readOffset(bytes: Buffer, at: number, width: number): number {
  return bytes.readUIntLE(at, width);
}

function align(position: number, alignment: number): number {
  return Math.ceil(position / alignment) * alignment;
}

function slice(signature: string, bytes: Buffer, begin: number, end: number, bodyEnd: number): Buffer {
  if (begin > end || end > bodyEnd) throw invalid(signature, 'has an offset outside of itself');
  return bytes.subarray(begin, end);
}

function sized(signature: string, bytes: Buffer, size: number): Buffer {
  if (bytes.length !== size) throw invalid(signature, `has ${bytes.length} bytes instead of ${size}`);
  return bytes;
}

function invalid(signature: string, reason: string): Error {
  return verificationError('GVARIANT_INVALID', `a GVariant value of type ${signature} ${reason}`, {
    hint: 'the ostree object is damaged: get the container again',
  });
}
