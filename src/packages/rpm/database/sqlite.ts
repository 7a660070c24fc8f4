import { InvalidDatabaseError } from './invalid.ts';

// https://www.sqlite.org/fileformat2.html

const magic = 'SQLite format 3\0';
/** Of the file, which stands on the first page. */
const fileHeaderSize = 100;
/** Pages of tables: those that lead to others, and those with rows. */
const interiorPage = 0x05;
const leafPage = 0x0d;
/** A tree of as many rows as rpm can count has less. */
const mostDepth = 20;

/**
 * The values of a column that is a blob, of a whole table, in the order of its rows' numbers. Nothing of a journal is read:
 * whoever wrote the database has closed it.
 * @param column counted from 0
 * @throws InvalidDatabaseError for a damaged file, or one without the table
 */
export function sqliteBlobs(file: Buffer, table: string, column: number): Buffer[] {
  if (file.length < fileHeaderSize || file.toString('latin1', 0, magic.length) !== magic) {
    throw new InvalidDatabaseError('it is no SQLite database');
  }
  const written = file.readUInt16BE(16);
  const pageSize = written === 1 ? 65_536 : written;
  const usable = pageSize - file.readUInt8(20);
  if (pageSize < 512 || usable < 480) throw new InvalidDatabaseError('its pages have no size');
  const pages = { file, pageSize, usable, left: 2 * Math.ceil(file.length / pageSize) };
  for (const row of rows(pages, 1)) {
    const [type, name, , root] = columns(row);
    if (type?.toString() !== 'table' || name?.toString() !== table || root === undefined) continue;
    const blobs: Buffer[] = [];
    for (const item of rows(pages, root.length === 0 ? 0 : root.readUIntBE(0, Math.min(root.length, 6)))) {
      blobs.push(columns(item)[column] ?? Buffer.alloc(0));
    }
    return blobs;
  }
  throw new InvalidDatabaseError(`it has no table ${table}`);
}

interface Pages {
  file: Buffer;
  pageSize: number;
  /** Bytes of a page that count. */
  usable: number;
  /** How many more are read: each at most twice, however they lead to each other. */
  left: number;
}

function pageOf(pages: Pages, number: number): Buffer {
  const { file, pageSize, usable } = pages;
  pages.left -= 1;
  if (pages.left < 0) throw new InvalidDatabaseError('its pages lead to each other');
  const begin = (number - 1) * pageSize;
  if (number < 1 || begin + pageSize > file.length) throw new InvalidDatabaseError(`it has no page ${number}`);
  return file.subarray(begin, begin + usable);
}

/** Each row's record, of a table whose tree begins on a page. */
function* rows(pages: Pages, number: number, depth = 0): Generator<Buffer> {
  if (depth > mostDepth) throw new InvalidDatabaseError('its pages lead to each other');
  const page = pageOf(pages, number);
  const begin = number === 1 ? fileHeaderSize : 0;
  const type = page.readUInt8(begin);
  const count = page.readUInt16BE(begin + 3);
  if (type !== leafPage && type !== interiorPage) throw new InvalidDatabaseError(`page ${number} is of no table`);
  const pointers = begin + (type === leafPage ? 8 : 12);
  if (pointers + 2 * count > page.length) throw new InvalidDatabaseError(`page ${number} is damaged`);
  for (let index = 0; index < count; index++) {
    const at = page.readUInt16BE(pointers + 2 * index);
    if (at + 4 > page.length) throw new InvalidDatabaseError(`page ${number} is damaged`);
    if (type === leafPage) yield recordAt(pages, page, at);
    else yield* rows(pages, page.readUInt32BE(at), depth + 1);
  }
  if (type === interiorPage) yield* rows(pages, page.readUInt32BE(begin + 8), depth + 1);
}

function recordAt(pages: Pages, page: Buffer, at: number): Buffer {
  const size = readNumber(page, at);
  // The row's number, which nobody asks for.
  const begin = readNumber(page, size.end).end;
  const { usable } = pages;
  if (size.value > pages.file.length) throw new InvalidDatabaseError('a row is longer than the file');
  if (size.value <= usable - 35) return take(page, begin, size.value);
  const least = Math.floor(((usable - 12) * 32) / 255) - 23;
  const filled = least + ((size.value - least) % (usable - 4));
  const local = filled <= usable - 35 ? filled : least;
  const parts = [take(page, begin, local)];
  let missing = size.value - local;
  for (let next = take(page, begin + local, 4).readUInt32BE(0); missing > 0; ) {
    const overflow = pageOf(pages, next);
    parts.push(overflow.subarray(4, 4 + missing));
    missing -= usable - 4;
    next = overflow.readUInt32BE(0);
  }
  return Buffer.concat(parts);
}

/** The bytes of each column; none of one that has no value, or that of its type alone. */
function columns(record: Buffer): Buffer[] {
  const header = readNumber(record, 0);
  const values: Buffer[] = [];
  let begin = header.value;
  for (let at = header.end; at < header.value; ) {
    const type = readNumber(record, at);
    at = type.end;
    const size = sizeOf(type.value);
    values.push(take(record, begin, size));
    begin += size;
  }
  return values;
}

function sizeOf(type: number): number {
  if (type >= 12) return Math.floor((type - 12) / 2);
  return [0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0][type] as number;
}

/** A number of one to nine bytes, seven bits each, of the ninth all: the highest come first. */
function readNumber(bytes: Buffer, begin: number): { value: number; end: number } {
  let value = 0;
  for (let index = 0; index < 8; index++) {
    const byte = take(bytes, begin + index, 1).readUInt8(0);
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return { value, end: begin + index + 1 };
  }
  return { value: value * 256 + take(bytes, begin + 8, 1).readUInt8(0), end: begin + 9 };
}

function take(bytes: Buffer, begin: number, count: number): Buffer {
  if (begin + count > bytes.length) throw new InvalidDatabaseError('a row reaches beyond its page');
  return bytes.subarray(begin, begin + count);
}
