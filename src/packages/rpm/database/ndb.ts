import { InvalidDatabaseError } from './invalid.ts';

// lib/backend/ndb/rpmpkg.c in the sources of rpm; all numbers are little-endian.

const pageSize = 4096;
const blockSize = 16;
/** Bytes of an entry in the list of blobs, and of what stands before a blob. */
const entrySize = 16;
/** Of the file, before the list. */
const headerSize = 32;

/**
 * The blobs of a file `Packages.db`: a package's header each, in the order of their numbers.
 * @throws InvalidDatabaseError
 */
export function ndbBlobs(file: Buffer): Buffer[] {
  if (file.length < headerSize || file.toString('latin1', 0, 4) !== 'RpmP') {
    throw new InvalidDatabaseError('it is no ndb database');
  }
  const end = file.readUInt32LE(12) * pageSize;
  if (end > file.length) throw new InvalidDatabaseError('it is cut off');
  const blobs: { number: number; blob: Buffer }[] = [];
  for (let at = headerSize; at < end; at += entrySize) {
    const number = file.readUInt32LE(at + 4);
    const begin = file.readUInt32LE(at + 8) * blockSize;
    if (begin === 0) continue;
    if (begin + entrySize > file.length) throw new InvalidDatabaseError('it is cut off');
    if (file.toString('latin1', begin, begin + 4) !== 'BlbS' || file.readUInt32LE(begin + 4) !== number) {
      throw new InvalidDatabaseError(`package ${number} is damaged`);
    }
    const size = file.readUInt32LE(begin + 12);
    if (begin + entrySize + size > file.length) throw new InvalidDatabaseError('it is cut off');
    blobs.push({ number, blob: file.subarray(begin + entrySize, begin + entrySize + size) });
  }
  return blobs.sort((a, b) => a.number - b.number).map(({ blob }) => blob);
}
