import type { FileHandle } from 'node:fs/promises';
import { type CosaError, verificationError } from '../../lib/errors.ts';
import type { Extent } from '../extents.ts';

// ECMA-119 (ISO 9660): https://ecma-international.org/publications-and-standards/standards/ecma-119/

/** An ISO file that is open for reading, and found to be one. */
export interface Iso {
  /** The host's file, for messages. */
  readonly path: string;
  readonly volumeId: string;
  /**
   * Where a file lies.
   * @param path as in the file system that the ISO was made of: `images/ignition.img`
   * @returns its stretch, inside the ISO; `undefined` if there is no such file
   * @throws CosaError `ISO_INVALID` (exit 4)
   */
  find(path: string): Promise<Extent | undefined>;
  /** Reads a stretch that {@link find} gave, or one inside it. @throws CosaError `ISO_INVALID` (exit 4) */
  read(extent: Extent): Promise<Buffer>;
}

const sectorSize = 2048;
/** The first 32 KiB are the system's. */
const firstDescriptor = 16;
/** A medium has a handful. */
const mostDescriptors = 64;
/** A directory with tens of thousands of files. */
const largestDirectory = 4 << 20;
const deepestPath = 16;

/** Types of volume descriptors. */
const descriptorType = { primary: 1, terminator: 255 } as const;
/** Flags of directory records. */
const recordFlag = { directory: 0x02, multiExtent: 0x80 } as const;

/**
 * Reads what is needed to find files of an ISO of unknown origin.
 * @param path for messages
 * @param size of the file, in bytes
 * @throws CosaError `ISO_INVALID` (exit 4): none, cut off, or hostile
 */
export async function readIso(file: Pick<FileHandle, 'read'>, path: string, size: number): Promise<Iso> {
  async function read({ offset, length }: Extent): Promise<Buffer> {
    const bytes = Buffer.alloc(length);
    for (let done = 0; done < length; ) {
      const { bytesRead } = await file.read(bytes, done, length - done, offset + done);
      if (bytesRead === 0) throw cutOff(path, offset + done);
      done += bytesRead;
    }
    return bytes;
  }

  /** The place of a file or a directory, from its record. */
  function extentOf(record: Buffer): Extent {
    // Behind extended attributes, which nobody writes.
    const offset = (record.readUInt32LE(2) + record.readUInt8(1)) * sectorSize;
    const length = record.readUInt32LE(10);
    if (offset + length > size) throw cutOff(path, size);
    return { offset, length };
  }

  async function lookUp(directory: Extent, name: string): Promise<Buffer | undefined> {
    if (directory.length > largestDirectory) throw invalid(path, `a directory has ${directory.length} bytes`);
    const bytes = await read(directory);
    for (let at = 0; at < bytes.length; ) {
      const length = bytes.readUInt8(at);
      // No record lies across a sector's end: zeros fill it.
      const sectorEnd = Math.min(bytes.length, at - (at % sectorSize) + sectorSize);
      if (length === 0) {
        at = sectorEnd;
        continue;
      }
      const record = bytes.subarray(at, at + length);
      if (length < 34 || at + length > sectorEnd || 33 + record.readUInt8(32) > length) {
        throw invalid(path, `a directory has a record of ${length} bytes at byte ${directory.offset + at}`);
      }
      if (names(name).has(recordName(record))) return record;
      at += length;
    }
    return undefined;
  }

  const primary = await primaryDescriptor(read, path, size);
  return {
    path,
    volumeId: primary.toString('latin1', 40, 72).trimEnd(),
    read,
    async find(wanted) {
      const parts = wanted.split('/').filter((part) => part !== '');
      if (parts.length > deepestPath) throw invalid(path, `a path in it has ${parts.length} parts`);
      let record: Buffer = primary.subarray(156, 190);
      for (const part of parts) {
        if (!isDirectory(record)) return undefined;
        const found = await lookUp(extentOf(record), part);
        if (found === undefined) return undefined;
        record = found;
      }
      if (isDirectory(record)) return undefined;
      if ((record.readUInt8(25) & recordFlag.multiExtent) !== 0)
        throw invalid(path, `${wanted} lies in several pieces`);
      return extentOf(record);
    },
  };
}

async function primaryDescriptor(
  read: (extent: Extent) => Promise<Buffer>,
  path: string,
  size: number,
): Promise<Buffer> {
  for (let number = 0; number < mostDescriptors; number++) {
    const offset = (firstDescriptor + number) * sectorSize;
    if (offset + sectorSize > size) throw number === 0 ? noIso(path) : cutOff(path, size);
    const descriptor = await read({ offset, length: sectorSize });
    if (descriptor.toString('latin1', 1, 6) !== 'CD001') throw noIso(path);
    const type = descriptor.readUInt8(0);
    if (type === descriptorType.terminator) break;
    if (type !== descriptorType.primary) continue;
    const block = descriptor.readUInt16LE(128);
    if (block !== sectorSize) throw invalid(path, `its blocks have ${block} bytes, and not ${sectorSize}`);
    const volume = descriptor.readUInt32LE(80) * sectorSize;
    if (volume > size) {
      throw verificationError('ISO_INVALID', `${path} has ${size} bytes of the ${volume} that the ISO has`, {
        hint: 'it is cut off: get it again',
      });
    }
    return descriptor;
  }
  throw noIso(path);
}

function isDirectory(record: Buffer): boolean {
  return (record.readUInt8(25) & recordFlag.directory) !== 0;
}

/** The name without the version at its end, `;1`, and without the dot of a name that has no extension. */
function recordName(record: Buffer): string {
  return record
    .toString('latin1', 33, 33 + record.readUInt8(32))
    .replace(/;[0-9]+$/, '')
    .replace(/\.$/, '');
}

/** How a name may stand in the ISO: as it is, in capitals, and as the lowest level of interchange shortens it. */
function names(name: string): ReadonlySet<string> {
  const capitals = name.toUpperCase();
  const dot = capitals.lastIndexOf('.');
  const base = dot === -1 ? capitals : capitals.slice(0, dot);
  const extension = dot === -1 ? '' : capitals.slice(dot + 1);
  const short = `${base.slice(0, 8)}${extension === '' ? '' : `.${extension.slice(0, 3)}`}`;
  return new Set([name, capitals, short]);
}

function noIso(path: string): CosaError {
  return verificationError('ISO_INVALID', `${path} is no ISO`);
}

function cutOff(path: string, at: number): CosaError {
  return verificationError('ISO_INVALID', `the ISO ${path} refers to what lies behind its end, byte ${at}`, {
    hint: 'it is cut off or damaged: get it again',
  });
}

function invalid(path: string, reason: string): CosaError {
  return verificationError('ISO_INVALID', `the ISO ${path} cannot be read: ${reason}`);
}
