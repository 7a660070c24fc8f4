import { expect, test } from 'vitest';
import { diskImage } from './disk-image.ts';
import { attach, initramfsScripts, runOnDisks } from './own-devices.ts';

// What happens to the root before it is mounted: it grows, and moves to another filesystem if the Ignition config makes one.

const boot = { label: 'boot', uuid: '96d15588-3596-4b3c-adca-a2ff7279ea63', type: 'ext4', size: 64 } as const;
const root = { label: 'root', uuid: '910678ff-f77e-4a7d-8d53-86f2ac47a823', size: 400 } as const;

const prepare = `
mkdir -p /dev/disk/by-label /dev/disk/by-partlabel
ln -s ../../\${1#/dev/}p2 /dev/disk/by-label/root
ln -s ../../\${1#/dev/}p2 /dev/disk/by-partlabel/root
install ${initramfsScripts}/coreos-growroot.sh /usr/local/sbin/coreos-growroot
install ${initramfsScripts}/coreos-transpose-root.sh /usr/local/sbin/coreos-transpose-root
mib() { echo $(($(blockdev --getsize64 $1p2) >> 20)) $(($(stat --file-system --format '%b * %S' /mnt) >> 20)); }
`;

// A mounted ext4 grows for whoever has CAP_SYS_RESOURCE, which a machine's root may lack: the boots of the disks show it.
test.each(['xfs', 'btrfs'] as const)('a root of %s and its partition grow to the disk', async (type) => {
  const [disk = ''] = await attach(await diskImage([boot, { ...root, type }], 1024));
  const { stdout, stderr } = await runOnDisks(
    [disk],
    `${prepare}
     coreos-growroot record
     coreos-growroot partition >&2
     coreos-growroot filesystem >&2
     mount -o ro $1p2 /mnt
     mib $1`,
  );
  const [partition, filesystem] = stdout.split(' ').map(Number);
  expect(partition, stderr).toBe(1024 - 65 - 1);
  // What the filesystem's own tables take is not counted.
  expect(filesystem).toBeGreaterThan(880);
});

test('a partition whose size the Ignition config has set stays, and its filesystem fills it', async () => {
  const [disk = ''] = await attach(await diskImage([boot, { ...root, type: 'xfs' }], 1024));
  const { stdout, stderr } = await runOnDisks(
    [disk],
    `${prepare}
     coreos-growroot record
     # What Ignition's disks stage does.
     echo ', 600M' | sfdisk --no-reread --no-tell-kernel -N 2 $1 >&2
     resizepart $1 2 $((600 << 11))
     coreos-growroot partition >&2
     coreos-growroot filesystem >&2
     mount -o ro $1p2 /mnt
     mib $1`,
  );
  const [partition, filesystem] = stdout.split(' ').map(Number);
  expect(partition, stderr).toBe(600);
  expect(filesystem).toBeGreaterThan(520);
});

/** A deployment with all that an ordinary copy loses, and what says so. */
const fill = `
mount $1p2 /mnt
deployment=/mnt/ostree/deploy/os/deploy/c0ffee.0
mkdir -p -m 755 /mnt/boot /mnt/ostree/repo/objects/aa $deployment/usr/bin /mnt/ostree/deploy/os/var/empty
echo program > /mnt/ostree/repo/objects/aa/bb.file
setcap cap_net_raw=ep /mnt/ostree/repo/objects/aa/bb.file
ln /mnt/ostree/repo/objects/aa/bb.file $deployment/usr/bin/ping
ln -s /nowhere /mnt/ostree/repo/objects/aa/link.file
ln /mnt/ostree/repo/objects/aa/link.file $deployment/usr/bin/link
setfattr -n user.test -v yes $deployment/usr
setfattr -n trusted.test -v yes $deployment
for path in /mnt/lost+found $deployment/usr/bin $deployment/usr/bin/ping; do
    setfattr -n security.selinux -v "system_u:object_r:\${path##*/}_t:s0" $path
done
chown -R 1:2 /mnt/ostree/deploy/os/var/empty
chmod 2750 /mnt/ostree/deploy/os/var/empty
setfacl -m u:5:r /mnt/ostree/deploy/os/var/empty
find /mnt -exec touch --no-dereference --date=@0 {} +
chattr +i $deployment
`;
const describe = `(cd /mnt
find . -not -path './lost+found*' -printf '%p %y %m %U %G %n %T@ %l\\n' | sort
# XFS has a name of its own for what an access control list is made of.
find . -not -path './lost+found*' | sort | xargs getfattr --no-dereference --dump --match=- | grep -v -e '^$' -e SGI_ACL
lsattr -d ostree/deploy/os/deploy/c0ffee.0 | grep -o '^....i'
cat ostree/deploy/os/deploy/c0ffee.0/usr/bin/ping)`;

test.each([
  ['ext4', 'mkfs.ext4 -q -F -L root'],
  ['xfs', 'mkfs.xfs -q -f -L root'],
  ['btrfs', 'mkfs.btrfs -q -f -L root'],
])('a root that Ignition makes anew, as %s, keeps its content', async (format, mkfs) => {
  const [disk = ''] = await attach(await diskImage([boot, { ...root, type: 'ext4' }], 1024));
  const config = {
    storage: { filesystems: [{ label: 'root', device: '/dev/disk/by-partlabel/root', format, wipeFilesystem: true }] },
  };
  const { stdout, stderr, exitCode } = await runOnDisks(
    [disk],
    `${prepare}${fill}
     ${describe} > /run/before
     umount /mnt
     echo '${JSON.stringify(config)}' > /run/ignition.json
     coreos-growroot record
     coreos-transpose-root save >&2
     # The new filesystem is made in a partition that has its size already.
     echo $(($(blockdev --getsize64 $1p2) >> 20))
     ${mkfs} $1p2 >&2
     coreos-growroot partition >&2
     coreos-transpose-root restore >&2
     mount $1p2 /mnt
     ${describe} > /run/after
     # The number of links of a directory is each filesystem's own affair.
     for file in before after; do sed -i -E 's/^(\\S+ d \\S+ \\S+ \\S+) \\S+/\\1/' /run/$file; done
     diff /run/before /run/after
     chattr -i /mnt/ostree/deploy/os/deploy/c0ffee.0
     stat --file-system --format %T /mnt
     cat /run/after
     test ! -e /mnt/lost+found || getfattr --absolute-names --only-values -n security.selinux /mnt/lost+found`,
  );
  expect(exitCode, stderr + stdout).toBe(0);
  if (format === 'ext4') expect(stdout).toMatch(/^system_u:object_r:lost\+found_t:s0$/m);
  else expect(stdout).not.toContain('lost+found');
  expect(stdout).toContain('system_u:object_r:ping_t:s0');
  expect(stderr).toContain('coreos-transpose-root: keeping the root');
  const [size, type] = stdout.split('\n');
  expect([size, type]).toEqual([String(1024 - 65 - 1), format === 'ext4' ? 'ext2/ext3' : format]);
  expect(stdout).toMatch(/security\.capability=/);
  expect(stdout).toMatch(/^program$/m);
});

/** As if this were all the memory that is free, in MiB. */
const memory = (free: number) => `echo 'MemAvailable: ${free * 1024} kB' > /run/meminfo
mount --bind /run/meminfo /proc/meminfo
`;

test('where there is little memory, the content is compressed', async () => {
  const [disk = ''] = await attach(await diskImage([boot, { ...root, type: 'ext4' }]));
  const { stdout, stderr, exitCode } = await runOnDisks(
    [disk],
    `${prepare}${fill}${memory(256 + 20)}
     seq 10000000 > /mnt/many
     ${describe} > /run/before
     umount /mnt
     echo '{"storage":{"filesystems":[{"label":"root","device":"/dev/disk/by-partlabel/root","wipeFilesystem":true}]}}' > /run/ignition.json
     coreos-growroot record
     coreos-transpose-root save >&2
     zstd --quiet --test /run/coreos-saved-root/content && echo compressed
     mkfs.ext4 -q -F -L root $1p2
     coreos-transpose-root restore >&2
     mount $1p2 /mnt
     ${describe} > /run/after
     diff /run/before /run/after
     seq 10000000 | cmp - /mnt/many
     chattr -i /mnt/ostree/deploy/os/deploy/c0ffee.0`,
  );
  expect(exitCode, stderr + stdout).toBe(0);
  expect(stdout).toBe('compressed\n');
});

test('where it does not fit into memory, the disk stays as it is', async () => {
  const [disk = ''] = await attach(await diskImage([boot, { ...root, type: 'ext4' }]));
  const { stdout, stderr } = await runOnDisks(
    [disk],
    `${prepare}${memory(256 + 20)}
     mount $1p2 /mnt
     mkdir -p /mnt/ostree/deploy
     head --bytes 40M /dev/urandom > /mnt/random
     umount /mnt
     echo '{"storage":{"filesystems":[{"label":"root","device":"/dev/disk/by-partlabel/root","wipeFilesystem":true}]}}' > /run/ignition.json
     coreos-growroot record
     coreos-transpose-root save || echo "exit $?"`,
  );
  expect(stdout).toBe('exit 1\n');
  expect(stderr).toMatch(
    /coreos-transpose-root: the root's 4\d MiB do not fit, compressed, into the 20 MiB of memory that are free: the disk is as it was\. Give the machine more memory, or take the root filesystem out of the Ignition config\.\n$/,
  );
});

interface Refusal {
  what: string;
  storage: object;
  message: string;
}

const device = '/dev/disk/by-partlabel/root';

test.each<Refusal>([
  {
    what: 'two roots',
    storage: {
      filesystems: [
        { label: 'root', device, wipeFilesystem: true },
        { label: 'root', device: '/dev/vdb' },
      ],
    },
    message: 'the Ignition config has 2 filesystems with the label "root": a system has one',
  },
  {
    what: 'a LUKS volume with its label',
    storage: {
      luks: [{ name: 'root', label: 'root', device }],
      filesystems: [{ label: 'root', device: '/dev/mapper/root' }],
    },
    message: 'the Ignition config gives the label "root" to a LUKS volume: only the filesystem in it may have that',
  },
  {
    what: 'a filesystem without its label',
    storage: { filesystems: [{ device, format: 'xfs', wipeFilesystem: true }] },
    message: 'the Ignition config has something else made in place of the root: a filesystem needs the label "root"',
  },
  {
    what: 'a LUKS volume with another filesystem',
    storage: {
      luks: [{ name: 'data', device, wipeVolume: true }],
      filesystems: [{ label: 'data', device: '/dev/mapper/data', wipeFilesystem: true }],
    },
    message: 'the Ignition config has something else made in place of the root: a filesystem needs the label "root"',
  },
])('a root is not given up for $what', async ({ storage, message }) => {
  const [disk = ''] = await attach(await diskImage([boot, { ...root, type: 'ext4' }]));
  const { stdout, stderr } = await runOnDisks(
    [disk],
    `${prepare}
     echo '${JSON.stringify({ storage })}' > /run/ignition.json
     coreos-growroot record
     coreos-transpose-root save || echo "exit $?"`,
  );
  expect(stdout).toBe('exit 1\n');
  expect(stderr).toBe(`coreos-transpose-root: ${message}\n`);
});

test.each([
  ['no filesystems', {}],
  ['others', { filesystems: [{ label: 'data', device: '/dev/vdb', wipeFilesystem: true }] }],
  [
    'a LUKS volume elsewhere',
    { luks: [{ name: 'data', device: '/dev/vdb', wipeVolume: true }], filesystems: [{ device: '/dev/mapper/data' }] },
  ],
  ['the root as it is', { filesystems: [{ label: 'root', device, format: 'ext4' }] }],
])('a config with %s leaves the root alone', async (_, storage) => {
  const [disk = ''] = await attach(await diskImage([boot, { ...root, type: 'ext4' }]));
  const { stdout, stderr, exitCode } = await runOnDisks(
    [disk],
    `${prepare}
     echo '${JSON.stringify({ storage })}' > /run/ignition.json
     coreos-growroot record
     coreos-transpose-root save
     ls -d /run/coreos-saved-root || true
     coreos-transpose-root restore`,
  );
  expect(exitCode, stderr).toBe(0);
  expect(stdout).toBe('');
});
