import { imageConfigKeys } from '../../../../contract/image-config.ts';
import { usageError } from '../../../../lib/errors.ts';
import type { OptionsText } from '../../../filesystems/options.ts';
import { type BlockCompression, blockParameters } from '../../../image-threads/block-compression.ts';

/** What shapes an EROFS. */
export interface ErofsOptions {
  compression: BlockCompression;
  /** What is compressed at once. */
  pieceBytes: number;
}

const defaultLevel = 6;
const maximumLevel = 22;
const defaultPieceBytes = 1 << 17;
const [minimumPieceBytes, maximumPieceBytes] = [1 << 14, 1 << 20];

/**
 * Reads options, which are some of mkfs.erofs: `-zzstd[,level=N]`, `-C#`, `--quiet`. What `-C` says is compressed at once,
 * while mkfs.erofs lets no compressed piece become larger. Options that image.json has where nobody named any are squashfs's,
 * and count as none.
 * @throws CosaError `FILESYSTEM_OPTION` (exit 2)
 */
export function erofsOptions({ options, optionsKey }: OptionsText): ErofsOptions {
  const given = options === imageConfigKeys['live-rootfs-fsoptions'].default ? '' : options;
  let level = defaultLevel;
  let pieceBytes = defaultPieceBytes;

  function refuse(word: string, why: string, hint: string): never {
    throw usageError('FILESYSTEM_OPTION', `${optionsKey} has "${word}", ${why}`, { hint });
  }

  for (const word of given.split(/\s+/).filter((word) => word !== '' && word !== '--quiet')) {
    const [, compressor, , levelText] = /^-z([a-z0-9]+)(,(?:level=)?(.*))?$/.exec(word) ?? [];
    const [, size] = /^-C(.*)$/.exec(word) ?? [];
    if (size !== undefined) {
      pieceBytes = /^\d{1,7}$/.test(size) ? Number(size) : 0;
      const isPower = Number.isInteger(Math.log2(pieceBytes));
      if (isPower && pieceBytes >= minimumPieceBytes && pieceBytes <= maximumPieceBytes) continue;
      refuse(
        word,
        'which is no size of pieces',
        `it is a power of two from ${minimumPieceBytes} to ${maximumPieceBytes}`,
      );
    }
    if (compressor === undefined) {
      refuse(word, 'which is not permitted for erofs', 'permitted: -zzstd[,level=N] -C# --quiet');
    }
    if (compressor !== 'zstd') refuse(word, 'which erofs is not compressed with here', 'use "-zzstd"');
    if (levelText === undefined) continue;
    level = /^\d{1,2}$/.test(levelText) ? Number(levelText) : 0;
    if (level < 1 || level > maximumLevel) {
      refuse(word, 'which is no level of zstd', `the levels are 1 to ${maximumLevel}`);
    }
  }
  return { compression: { kind: 'zstd', level }, pieceBytes };
}

/** As `LiveFilesystem.parameters`. */
export function erofsParameters(text: OptionsText): string {
  const { compression, pieceBytes } = erofsOptions(text);
  return `erofs/1 ${blockParameters(compression)} ${pieceBytes}`;
}
