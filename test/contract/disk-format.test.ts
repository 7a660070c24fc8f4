import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { bundles } from '../../src/disk/bundles.ts';
import { diskFormats } from '../../src/disk/formats.ts';
import { digestFile, digestHex } from '../../src/lib/digest.ts';
import { diskFormatContract, type FormatReader } from './disk-format.ts';

const run = promisify(execFile);

/** Where zeros are hashed, or the reader looks at all of them, large disks take seconds. In MiB. */
const small = { maximum: 900 };

/** What QEMU opens, and may be able to check. */
function qemu(format: string, canCheck = true): FormatReader {
  return {
    async open(image) {
      if (canCheck) await run('qemu-img', ['check', '-f', format, image]);
      return { path: image, format };
    },
  };
}

async function linesOf(program: string, ...args: readonly string[]): Promise<string[]> {
  return (await run(program, args)).stdout.trimEnd().split('\n');
}

/** GNU tar, which writes the holes again. */
const sparseTar: FormatReader = {
  async open(image, scratch) {
    expect(await linesOf('tar', '-tf', image)).toEqual(['disk.raw']);
    await run('tar', ['-xzSf', image, '-C', scratch]);
    return { path: join(scratch, 'disk.raw'), format: 'raw' };
  },
};

/** The archive of a container, as skopeo copies it, and its one layer. */
const containerDisk: FormatReader = {
  async open(image, scratch) {
    const { stdout } = await run('skopeo', ['inspect', `oci-archive:${image}`]);
    expect(JSON.parse(stdout)).toMatchObject({ Architecture: 'arm64', Os: 'linux', Labels: { version: '13.0.0' } });
    const copy = join(scratch, 'copy');
    await run('skopeo', ['copy', '--quiet', `oci-archive:${image}`, `dir:${copy}`]);
    const manifest = JSON.parse(await readFile(join(copy, 'manifest.json'), 'utf8')) as {
      layers: { digest: string }[];
    };
    const layer = join(copy, digestHex(manifest.layers[0]?.digest as `sha256:${string}`));
    const listed = await linesOf('tar', '-tvf', layer, '--numeric-owner');
    expect(listed.map((line) => line.replace(/ +\d+ 1970-01-01 00:00/, ''))).toEqual([
      'drwxr-xr-x 0/0 disk/',
      '-rw-r--r-- 0/0 disk/example-13.0.0-somewhere.x86_64.qcow2',
    ]);
    await run('tar', ['-xf', layer, '-C', scratch]);
    return qemu('qcow2').open(join(scratch, 'disk/example-13.0.0-somewhere.x86_64.qcow2'), scratch);
  },
};

/** A descriptor, a disk and a manifest, unpacked. */
const appliance: FormatReader = {
  async open(image, scratch) {
    expect(await linesOf('tar', '-tf', image)).toEqual(['coreos.ovf', 'disk.vmdk', 'coreos.mf']);
    await run('tar', ['-xf', image, '-C', scratch]);
    const sum = async (name: string) =>
      `SHA256(${name})= ${digestHex((await digestFile(join(scratch, name))).digest)}\n`;
    expect(await readFile(join(scratch, 'coreos.mf'), 'utf8')).toBe(
      (await sum('coreos.ovf')) + (await sum('disk.vmdk')),
    );
    await run('xmllint', ['--noout', join(scratch, 'coreos.ovf')]);
    return qemu('vmdk').open(join(scratch, 'disk.vmdk'), scratch);
  },
};

diskFormatContract(diskFormats.raw, { ...qemu('raw', false), ...small });
diskFormatContract(diskFormats.qcow2, qemu('qcow2'));
diskFormatContract(diskFormats['qcow2-compressed'], qemu('qcow2'));
diskFormatContract(diskFormats.vmdk, qemu('vmdk'));
diskFormatContract(diskFormats.vhd, { ...qemu('vpc', false), ...small });
diskFormatContract(diskFormats.vhdx, { ...qemu('vhdx'), ...small });
diskFormatContract(bundles['gcp-tar'](), sparseTar);
diskFormatContract(bundles['kubevirt-archive']({ version: '13.0.0', architecture: 'aarch64' }), containerDisk);
const product = { name: 'Example', version: '13.0.0' };
diskFormatContract(bundles['vmware-ova'](product, { hardwareVersion: 13, secureBoot: true }), appliance);
diskFormatContract(bundles['virtualbox-ova'](product), appliance);
