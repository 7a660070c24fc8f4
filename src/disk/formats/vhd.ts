// "Virtual Hard Disk Image Format Specification", Microsoft, 2006.
import { type CosaError, usageError } from '../../lib/errors.ts';
import type { DiskFormat, FormatRequest } from './format.ts';
import { writeRaw } from './raw.ts';

const sizeUnit = 1 << 20;
const gibibyte = 2 ** 30;
/** GiB; readers open none that is larger. */
const maximumSize = 2040;
const footerBytes = 512;
const formatVersion = 0x00010000;
const reservedFeature = 2;
const noDataOffset = 0xffffffffffffffffn;
const creatorVersion = 0x00010000;
const fixedDisk = 2;
/** More than any geometry addresses: readers take the size that is named beside it. */
const geometry = { cylinders: 65535, heads: 16, sectors: 255 };

/**
 * A fixed VHD, as Azure takes it: the disk as it is, a whole number of MiB, and a footer. Of a disk that is too large for the
 * format, it throws CosaError `DISK_TOO_LARGE` (exit 2).
 */
export const vhd: DiskFormat = {
  name: 'vhd',
  extension: 'vhd',
  isCompressed: false,
  parameters: '',
  async write(request, sink) {
    const size = Math.ceil(request.disk.size / sizeUnit) * sizeUnit;
    if (size > maximumSize * gibibyte) throw tooLarge(size);
    await writeRaw(request, sink);
    await sink.appendZeros(size - request.disk.size);
    await sink.append(footer(size, request.identity));
  },
};

function tooLarge(size: number): CosaError {
  const message = `a VHD has at most ${maximumSize} GiB, and the disk has ${Math.ceil(size / gibibyte)} GiB`;
  return usageError('DISK_TOO_LARGE', message, {
    hint: `set "size: ${maximumSize}" or less in image.yaml and build the container again`,
  });
}

function footer(size: number, identity: FormatRequest['identity']): Buffer {
  const bytes = Buffer.alloc(footerBytes);
  bytes.write('conectix', 0, 'latin1');
  bytes.writeUInt32BE(reservedFeature, 8);
  bytes.writeUInt32BE(formatVersion, 12);
  bytes.writeBigUInt64BE(noDataOffset, 16);
  // The time at 24 is that from which it counts, the beginning of 2000: the same disk has the same bytes at any time.
  bytes.write('cosa', 28, 'latin1');
  bytes.writeUInt32BE(creatorVersion, 32);
  bytes.write('Wi2k', 36, 'latin1');
  bytes.writeBigUInt64BE(BigInt(size), 40);
  bytes.writeBigUInt64BE(BigInt(size), 48);
  bytes.writeUInt16BE(geometry.cylinders, 56);
  bytes.writeUInt8(geometry.heads, 58);
  bytes.writeUInt8(geometry.sectors, 59);
  bytes.writeUInt32BE(fixedDisk, 60);
  bytes.write(identity.uuid('vhd').replaceAll('-', ''), 68, 'hex');
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.writeUInt32BE(~sum >>> 0, 64);
  return bytes;
}
