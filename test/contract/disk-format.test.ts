import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { diskFormats } from '../../src/disk/formats.ts';
import { diskFormatContract, type FormatReader } from './disk-format.ts';

const run = promisify(execFile);

/** What QEMU opens, and may be able to check. */
function qemu(format: string, canCheck: boolean, maximum?: number): FormatReader {
  return {
    ...(maximum === undefined ? {} : { maximum }),
    async open(image) {
      if (canCheck) await run('qemu-img', ['check', '-f', format, image]);
      return { path: image, format };
    },
  };
}

const readers: Record<keyof typeof diskFormats, FormatReader> = {
  raw: qemu('raw', false, 900),
  qcow2: qemu('qcow2', true),
  'qcow2-compressed': qemu('qcow2', true),
  vmdk: qemu('vmdk', true),
  vhd: qemu('vpc', false, 900),
  vhdx: qemu('vhdx', true, 900),
};

for (const [name, reader] of Object.entries(readers)) {
  diskFormatContract(diskFormats[name as keyof typeof diskFormats], reader);
}
