import type { DiskFormat } from './formats/format.ts';
import { qcow2 } from './formats/qcow2.ts';
import { qcow2Compressed } from './formats/qcow2-compressed.ts';
import { raw } from './formats/raw.ts';
import { vhd } from './formats/vhd.ts';
import { vhdx } from './formats/vhdx.ts';
import { vmdk } from './formats/vmdk.ts';

/** The disk image formats, as platforms name them. */
export const diskFormats = {
  raw,
  qcow2,
  'qcow2-compressed': qcow2Compressed,
  vmdk,
  vhd,
  vhdx,
} as const satisfies Record<string, DiskFormat>;
