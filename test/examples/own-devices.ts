import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { onTestFinished } from 'vitest';
import { type RunResult, run, tryRun } from '../../src/exec/run.ts';
import { tools } from '../../src/exec/tools.ts';
import { checkout, program } from '../integration/fixture.ts';

/** The overlay of the example with the scripts of the first boot. */
const provisioning = resolve(checkout, 'examples/debian-coreos/overlay.d/10provisioning/usr');

/** Of the initramfs. */
export const initramfsScripts = `${provisioning}/lib/dracut/modules.d/60coreos-provisioning`;
export const programs = `${provisioning}/libexec/debian-coreos`;
export const generators = `${provisioning}/lib/systemd/system-generators`;
export const overlayOfCore = resolve(provisioning, '../../05core/usr');

const losetup = program('losetup', 'mount');
const partx = program('partx', 'util-linux');
const bash = program('bash');

/** Makes block devices of disk images, until the test is over. */
export async function attach(...images: string[]): Promise<string[]> {
  const disks: string[] = [];
  for (const image of images) {
    const { stdout } = await run(losetup, ['--find', '--show', image]);
    const disk = stdout.trim();
    disks.push(disk);
    onTestFinished(async () => {
      await tryRun(partx, ['--delete', disk], {});
      await run(losetup, ['--detach', disk]);
    });
    // Not every kernel looks for partitions in such a device by itself. One without any is refused.
    await tryRun(partx, ['--add', disk], {});
  }
  return disks;
}

/**
 * Runs a script of bash in a system of its own: this one, in which what is written is thrown away; whose /dev has these disks
 * ($1, $2, …) with their partitions and no others, for who looks for filesystems by their labels shall find no other test's.
 * It has the function `uuid DEVICE`.
 */
export function runOnDisks(disks: readonly string[], script: string): Promise<RunResult> {
  const nodes = disks.map((disk) => `cp --archive ${disk}* $root/dev`);
  const text = `set -euo pipefail
scratch=$(mktemp --directory)
trap 'umount --lazy $scratch; rmdir $scratch' EXIT
mount -t tmpfs tmpfs $scratch
root=$scratch/root
mkdir $scratch/upper $scratch/work $root
mount -t overlay -o lowerdir=/,upperdir=$scratch/upper,workdir=$scratch/work overlay $root
mount -t proc proc $root/proc
mount --rbind /sys $root/sys
mount -t tmpfs tmpfs $root/run
mount -t tmpfs -o mode=755 tmpfs $root/dev
cp --archive /dev/null /dev/zero /dev/random /dev/urandom /dev/loop-control $root/dev
${nodes.join('\n')}
ln -s /proc/self/fd $root/dev/fd
for shared in ${checkout} ${tmpdir()}; do
  mkdir -p $root$shared
  mount --bind $shared $root$shared
done
mkdir -p $root/sysroot
chroot $root bash -euo pipefail -c "$SCRIPT" bash "$@"`;
  const env = { SCRIPT: `uuid() { blkid --probe --output value --match-tag UUID "$1"; }\n${script}` };
  const args = ['--mount', '--propagation', 'private', bash.name, '-c', text, 'bash', ...disks];
  return tryRun(tools.unshare, args, { env });
}
