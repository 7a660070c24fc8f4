import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../../src/exec/run.ts';
import { tools } from '../../src/exec/tools.ts';
import { checkout } from '../integration/fixture.ts';
import { testDirectory } from './installable.ts';

const script = resolve(
  checkout,
  'examples/debian-coreos/overlay.d/15live/usr/lib/dracut/modules.d/60coreos-live/coreos-firstboot-network.sh',
);

/**
 * Has the script take and keep the files of a live medium, in a root where what it writes is thrown away.
 * @param group the line of /etc/group that networkd has
 * @returns lines of path, mode and group, of what is there after each
 */
async function handedOn(files: readonly string[], group: string): Promise<{ taken: string[]; kept: string[] }> {
  const directory = await testDirectory();
  const commands = `set -eu
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/root
mount --rbind /dev /mnt/root/dev
mount -t tmpfs tmpfs /mnt/root/run
mkdir -p /mnt/root/etc/coreos-firstboot-network /mnt/root/sysroot/etc /mnt/root/run/ostree-live
printf 'root:x:0:\\n%s' "$2" > /mnt/root/etc/group
cp ${script} /mnt/root/handing-on
for file in ${files.join(' ')}; do
    echo content > "/mnt/root/etc/coreos-firstboot-network/$file"
    chmod 0600 "/mnt/root/etc/coreos-firstboot-network/$file"
done
look() {
    cd "/mnt/root/$1"
    find . -type f -printf '%P %m %G\\n' | sort
}
chroot /mnt/root bash /handing-on take
look run/systemd/network > "$1/taken"
chroot /mnt/root bash /handing-on keep
look sysroot/etc > "$1/kept"
[ -z "$(look run/systemd/network)" ]`;
  const args = ['--mount', '--propagation', 'private', 'sh', '-c', commands, 'sh', directory, group];
  await run(tools.unshare, args);
  const lines = async (name: string) =>
    (await readFile(join(directory, name), 'utf8')).split('\n').filter((line) => line !== '');
  return { taken: await lines('taken'), kept: await lines('kept') };
}

// Filesystems are root's to mount.
if (process.getuid?.() === 0) {
  const files = ['10-wg.netdev', '20-wg.network', 'wifi.nmconnection'];

  test('keys in a network device are for networkd alone, and passwords of NetworkManager for root', async () => {
    expect(await handedOn(files, 'systemd-network:x:4711:\n')).toEqual({
      taken: ['10-wg.netdev 640 4711', '20-wg.network 644 0'],
      kept: [
        'NetworkManager/system-connections/wifi.nmconnection 600 0',
        'systemd/network/10-wg.netdev 640 4711',
        'systemd/network/20-wg.network 644 0',
      ],
    });
  });

  test('where there is no networkd, nobody but root reads them', async () => {
    expect((await handedOn(files, '')).kept).toContain('systemd/network/10-wg.netdev 600 0');
  });
}
