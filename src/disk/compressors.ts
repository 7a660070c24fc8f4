import type { Compressor } from './compressors/compressor.ts';
import { gzip } from './compressors/gzip.ts';
import { xz } from './compressors/xz.ts';
import { zstd } from './compressors/zstd.ts';

/** Every compressor, by the names that image.json has for them; `none` is there, too. */
export const compressors = { gzip, zstd, xz } as const satisfies Record<string, Compressor>;
