import type { DiskFormat } from './formats/format.ts';
import { qcow2 } from './formats/qcow2.ts';
import { raw } from './formats/raw.ts';

/** The disk image formats that need no options, as platforms name them. */
export const diskFormats = { raw, qcow2 } as const satisfies Record<string, DiskFormat>;
