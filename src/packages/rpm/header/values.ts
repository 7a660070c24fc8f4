import { isUtf8 } from 'node:buffer';

/** What is wrong with a header; who reads it knows of which file. */
export class InvalidHeaderError extends Error {}

/** The values of a header, by number. Views of its bytes: none is copied, and each is decoded when it is asked for. */
export interface HeaderValues {
  has(tag: number): boolean;
  /**
   * A string; of one that is there in several languages, that without one.
   * @returns `undefined` if the header has none
   * @throws InvalidHeaderError for a value of another type, or that is not UTF-8
   */
  text(tag: number): string | undefined;
  /** Strings; empty if the header has none. @throws InvalidHeaderError as `text` */
  texts(tag: number): string[];
  /** Bytes; `undefined` if the header has none. @throws InvalidHeaderError for a value of another type */
  bytes(tag: number): Buffer | undefined;
  /** Strings as bytes, without the zeros behind them; empty if the header has none. @throws InvalidHeaderError */
  byteTexts(tag: number): Buffer[];
  /**
   * Numbers, of whatever size; empty if the header has none.
   * @throws InvalidHeaderError for a value of another type, or beyond what a number holds exactly
   */
  numbers(tag: number): number[];
}

/** A value's description, as it stands in a header's index. */
interface Entry {
  type: number;
  offset: number;
  count: number;
}

/** Bytes of a description, and what stands before them all: two numbers of four bytes. */
const entrySize = 16;
const introSize = 8;

/** How rpm itself bounds both. The largest headers there are, of packages with 100,000 files, have some 20 MB. */
const mostEntries = 0xffff;
const mostStoreBytes = 1 << 26;

/** Types of values, by their numbers. */
const numberSizes: Readonly<Record<number, 1 | 2 | 4 | 8>> = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8 };
const stringType = 6;
const binaryType = 7;
const stringArrayType = 8;
const translatedType = 9;

/**
 * How many bytes the header has that begins so.
 * @param intro its first eight bytes: the numbers of its descriptions, and of the bytes of their values
 * @throws InvalidHeaderError beyond what any package has
 */
export function headerLength(intro: Buffer): number {
  const entries = intro.readUInt32BE(0);
  const store = intro.readUInt32BE(4);
  if (entries > mostEntries) throw new InvalidHeaderError(`a header has ${entries} values, more than ${mostEntries}`);
  if (store > mostStoreBytes) throw new InvalidHeaderError(`a header has ${store} bytes, more than ${mostStoreBytes}`);
  return introSize + entries * entrySize + store;
}

/**
 * Reads a header: of a package file behind the magic, of a database as it stands there.
 * @param bytes all of it, which must not change any more
 * @throws InvalidHeaderError for values that lie outside, or that are there twice
 * @see https://rpm-software-management.github.io/rpm/manual/format_header.html
 */
export function parseHeader(bytes: Buffer): HeaderValues {
  if (bytes.length < introSize || bytes.length !== headerLength(bytes)) {
    throw new InvalidHeaderError('a header is not as long as it says');
  }
  const begin = introSize + bytes.readUInt32BE(0) * entrySize;
  const store = bytes.subarray(begin);
  const entries = new Map<number, Entry>();
  for (let at = introSize; at < begin; at += entrySize) {
    const tag = bytes.readUInt32BE(at);
    const entry = {
      type: bytes.readUInt32BE(at + 4),
      offset: bytes.readUInt32BE(at + 8),
      count: bytes.readUInt32BE(at + 12),
    };
    // Each value has one byte at least.
    if (entry.offset + entry.count > store.length) throw outside(tag);
    if (entries.has(tag)) throw new InvalidHeaderError(`value ${tag} is there twice`);
    entries.set(tag, entry);
  }

  function byteTexts(tag: number): Buffer[] {
    const entry = entries.get(tag);
    if (entry === undefined) return [];
    if (![stringType, stringArrayType, translatedType].includes(entry.type)) throw ofType(tag, entry, 'text');
    const texts: Buffer[] = [];
    let at = entry.offset;
    for (let left = entry.type === stringType ? 1 : entry.count; left > 0; left--) {
      const end = store.indexOf(0, at);
      if (end < 0) throw outside(tag);
      texts.push(store.subarray(at, end));
      at = end + 1;
    }
    return texts;
  }

  function texts(tag: number): string[] {
    return byteTexts(tag).map((text) => decode(tag, text));
  }

  return {
    has: (tag) => entries.has(tag),
    bytes(tag) {
      const entry = entries.get(tag);
      if (entry === undefined) return undefined;
      if (entry.type !== binaryType) throw ofType(tag, entry, 'bytes');
      return store.subarray(entry.offset, entry.offset + entry.count);
    },
    byteTexts,
    texts,
    text(tag) {
      const [first] = byteTexts(tag);
      return first === undefined ? undefined : decode(tag, first);
    },
    numbers(tag) {
      const entry = entries.get(tag);
      if (entry === undefined) return [];
      const size = numberSizes[entry.type];
      if (size === undefined) throw ofType(tag, entry, 'numbers');
      if (entry.offset + entry.count * size > store.length) throw outside(tag);
      return Array.from({ length: entry.count }, (_, index) =>
        readNumber(tag, store, entry.offset + index * size, size),
      );
    },
  };
}

function readNumber(tag: number, store: Buffer, at: number, size: 1 | 2 | 4 | 8): number {
  if (size < 8) return store.readUIntBE(at, size);
  const value = store.readBigUInt64BE(at);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new InvalidHeaderError(`value ${tag} is too large`);
  return Number(value);
}

function decode(tag: number, bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new InvalidHeaderError(`value ${tag} is not UTF-8`);
  return bytes.toString('utf8');
}

function ofType(tag: number, { type }: Entry, expected: string): InvalidHeaderError {
  const kind = type === binaryType ? 'bytes' : type in numberSizes ? 'numbers' : `of type ${type}`;
  return new InvalidHeaderError(`value ${tag} is ${kind}, not ${expected}`);
}

function outside(tag: number): InvalidHeaderError {
  return new InvalidHeaderError(`value ${tag} lies outside of its header`);
}
