import { usageError } from '../../../../lib/errors.ts';
import { type OptionsText, parseOptions } from '../../../filesystems/options.ts';
import { type BlockCompression, blockParameters } from '../../../image-threads/block-compression.ts';

/** What shapes a squashfs. */
export interface SquashfsOptions {
  compression: BlockCompression;
  blockBytes: number;
}

/** How the superblock names compressors. */
export const compressionIds: Readonly<Record<BlockCompression['kind'], number>> = { zlib: 1, zstd: 6 };

const defaultLevel = 6;
const maximumLevel = 22;
const defaultBlockBytes = 1 << 17;
const [minimumBlockBytes, maximumBlockBytes] = [1 << 12, 1 << 20];

const anything = /./;
const permitted = new Map([
  ['-comp', anything],
  ['-Xcompression-level', anything],
  ['-b', anything],
]);

/**
 * Reads options, which are some of mksquashfs: `-comp`, `-Xcompression-level` and `-b`. Of an option given twice, the last counts.
 * @throws CosaError `FILESYSTEM_OPTION` (exit 2)
 */
export function squashfsOptions(text: OptionsText): SquashfsOptions {
  const words = parseOptions('squashfs', text, permitted);
  const given = new Map<string, string>();
  for (let index = 0; index < words.length; index += 2) given.set(words[index] as string, words[index + 1] as string);

  function refuse(option: string, why: string, hint: string): never {
    throw usageError('FILESYSTEM_OPTION', `${text.optionsKey} has "${option} ${given.get(option)}", ${why}`, { hint });
  }

  function compressionOf(name: string, level: string | undefined): BlockCompression {
    switch (name) {
      case 'zstd':
        return { kind: 'zstd', level: level === undefined ? defaultLevel : levelOf(level) };
      case 'gzip':
        if (level === undefined) return { kind: 'zlib' };
        return refuse('-Xcompression-level', 'and gzip has one level here', 'leave it out, or use "-comp zstd"');
      default:
        return refuse('-comp', 'which squashfs is not compressed with here', 'use "-comp zstd" or "-comp gzip"');
    }
  }

  function levelOf(level: string): number {
    const number = /^\d{1,2}$/.test(level) ? Number(level) : 0;
    if (number >= 1 && number <= maximumLevel) return number;
    return refuse('-Xcompression-level', 'which is no level of zstd', `the levels are 1 to ${maximumLevel}`);
  }

  function blockBytesOf(size: string): number {
    const [, digits, unit] = /^(\d{1,7})([KM]?)$/i.exec(size) ?? [];
    const bytes = Number(digits) * { '': 1, K: 1 << 10, M: 1 << 20 }[(unit ?? '').toUpperCase() as '' | 'K' | 'M'];
    const isPower = Number.isInteger(Math.log2(bytes));
    if (isPower && bytes >= minimumBlockBytes && bytes <= maximumBlockBytes) return bytes;
    return refuse('-b', 'which is no size of blocks', 'it is a power of two from 4K to 1M');
  }

  const blocks = given.get('-b');
  return {
    compression: compressionOf(given.get('-comp') ?? 'zstd', given.get('-Xcompression-level')),
    blockBytes: blocks === undefined ? defaultBlockBytes : blockBytesOf(blocks),
  };
}

/** As `LiveFilesystem.parameters`. */
export function squashfsParameters(text: OptionsText): string {
  const { compression, blockBytes } = squashfsOptions(text);
  return `squashfs/1 ${blockParameters(compression)} ${blockBytes}`;
}
