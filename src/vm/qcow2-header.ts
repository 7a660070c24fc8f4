import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { isSystemError, usageError, verificationError } from '../lib/errors.ts';

// https://www.qemu.org/docs/master/interop/qcow2.html

const magic = 0x514649fb;
const headerBytes = 104;

/** Bits of incompatible_features: dirty, corrupt, external data file, compression type, extended L2 entries. */
const externalDataFile = 1n << 2n;
const knownFeatures = 0b11111n;

/**
 * Refuses a qcow2 that is more than itself: QEMU would open whatever file or address it names, with the rights of whoever
 * runs it, and show the guest its content. Looked at before any program of QEMU's, for those open what is named, too.
 * @throws CosaError `DISK_REFERENCE`, `DISK_INVALID` (exit 4), `DISK_MISSING` (exit 2)
 */
export async function requireSelfContained(path: string): Promise<void> {
  const header = await readHeader(path);
  if (header.byteLength < 72 || header.getUint32(0) !== magic) throw invalid(path, 'it does not begin as one');
  const version = header.getUint32(4);
  if (version !== 2 && version !== 3) throw invalid(path, `its version is ${version}`);
  if (header.getBigUint64(8) !== 0n || header.getUint32(16) !== 0) {
    throw reference(path, 'a backing file', `qemu-img convert -O qcow2 ${path} NEW.qcow2`);
  }
  if (version === 2) return;
  if (header.byteLength < headerBytes) throw invalid(path, 'it ends within its header');
  const features = header.getBigUint64(72);
  if ((features & externalDataFile) !== 0n) {
    throw reference(path, 'an external data file', `qemu-img convert -O qcow2 ${path} NEW.qcow2`);
  }
  if ((features & ~knownFeatures) !== 0n) throw invalid(path, 'it has features that nobody knows');
}

async function readHeader(path: string): Promise<DataView> {
  await using handle = await openImage(path);
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(headerBytes), 0, headerBytes, 0);
  return new DataView(buffer.buffer, buffer.byteOffset, bytesRead);
}

async function openImage(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) throw usageError('DISK_MISSING', `there is no disk image ${path}`);
    throw error;
  }
}

function reference(path: string, what: string, command: string) {
  return verificationError('DISK_REFERENCE', `${path} has ${what}: the guest would read another file of this machine`, {
    hint: `if you know what it refers to, make it whole: ${command}`,
  });
}

function invalid(path: string, why: string) {
  return verificationError('DISK_INVALID', `${path} is no qcow2 image: ${why}`);
}
