import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What an ISO is made of: content by paths. */
export type IsoFiles = Record<string, string | Buffer>;

export const areaSize = 512;
export const defaultArguments =
  'mitigations=auto,nosmt coreos.liveiso=os-1 ignition.firstboot ignition.platform.id=metal';
const marker = '# COREOS_KARG_EMBED_AREA\n';

/** The files of a live ISO with areas as coreos-installer knows them, for two boot loaders. */
export function liveFiles(): IsoFiles {
  const grub = 'linux /images/pxeboot/vmlinuz ';
  const isolinux = 'label linux\n  append initrd=/images/pxeboot/initrd.img,/images/ignition.img ';
  const area = `${defaultArguments}\n`.padEnd(areaSize, '#');
  return {
    'images/ignition.img': Buffer.alloc(4096),
    'images/pxeboot/vmlinuz': 'kernel',
    'EFI/debian/grub.cfg': `${grub}${area}${marker}initrd /images/pxeboot/initrd.img\n`,
    'isolinux/isolinux.cfg': `${isolinux}${area}${marker}`,
    'coreos/igninfo.json': JSON.stringify({ file: 'images/ignition.img' }),
    'coreos/kargs.json': JSON.stringify({
      default: defaultArguments,
      files: [
        { path: 'EFI/debian/grub.cfg', offset: grub.length, pad: '#', end: '\n' },
        { path: 'isolinux/isolinux.cfg', offset: isolinux.length },
      ],
      size: areaSize,
    }),
  };
}

/** Makes an ISO with xorriso. */
export function makeIso(path: string, files: IsoFiles, ...options: string[]): void {
  const root = `${path}.files`;
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  execFileSync('xorriso', ['-as', 'mkisofs', '-R', '-J', '-V', 'os-1', ...options, '-o', path, root], {
    stdio: 'pipe',
  });
  rmSync(root, { recursive: true });
}

/** A file out of an ISO, as libarchive reads it. */
export function fileOf(iso: string, name: string): Buffer {
  return execFileSync('bsdtar', ['-xOf', iso, name]);
}
