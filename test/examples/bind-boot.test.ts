import { expect, test } from 'vitest';
import { diskImage } from './disk-image.ts';
import { attach, generators, overlayOfCore, programs, runOnDisks } from './own-devices.ts';

const boot = { label: 'boot', uuid: '96d15588-3596-4b3c-adca-a2ff7279ea63', type: 'ext4', size: 64 } as const;
const root = { label: 'root', uuid: '910678ff-f77e-4a7d-8d53-86f2ac47a823', type: 'ext4', size: 64 } as const;
const esp = {
  label: 'EFI-SYSTEM',
  uuid: '0f2f9a64-5d2c-4b6e-9a36-0d4f8d3a8a11',
  type: 'ext4',
  size: 64,
  isEsp: true,
} as const;

const entry = (version: number, options: string) =>
  `title Debian (ostree:${2 - version})\nversion ${version}\noptions ${options}\nlinux /ostree/os-1/vmlinuz\ninitrd /ostree/os-1/initramfs.img\n`;
const options = (root: string) =>
  `rw ${root} $ignition_firstboot ignition.platform.id=qemu ostree=/ostree/boot.1/os/1/0`;

/** /boot as it is after a first boot, the EFI system partition, and the root. `fill` makes them anew; without ostree's menu with `$entries`. */
const prepare = (kind: 'menu' | 'entries' = 'menu') => `
${kind === 'entries' ? `entries=yes\nprintf '#!/bin/sh\\nexit 127\\n' > /usr/local/bin/grub-mkconfig\nchmod +x /usr/local/bin/grub-mkconfig` : ''}
mount $1p2 /boot
mount $1p3 /sysroot
esp=$1p1
fill() {
rm -rf /boot/loader* /boot/ignition*
mkdir -p /boot/loader.1/entries /boot/ignition
ln -s loader.1 /boot/loader
cat > /boot/loader/entries/ostree-1.conf <<'END'
${entry(1, options('root=LABEL=root'))}END
cat > /boot/loader/entries/ostree-2.conf <<'END'
${entry(2, `${options('root=LABEL=root')} quiet`)}END
[ -n "\${entries-}" ] || echo old > /boot/loader/grub.cfg
touch /boot/ignition.firstboot /boot/ignition/config.ign
mount $esp /mnt
rm -rf /mnt/EFI
mkdir -p /mnt/EFI/BOOT /mnt/EFI/debian
touch /mnt/EFI/debian/grub.cfg
umount /mnt
}
fill
# It would mark the deployment, which is not here.
printf '#!/bin/sh\\necho "$@" >&2\\n' > /usr/local/bin/chattr
chmod +x /usr/local/bin/chattr
export PATH=/usr/local/bin:${overlayOfCore}/sbin:$PATH
`;

test('a finished first boot binds the boot loader and the kernel to these filesystems', async () => {
  const [disk = ''] = await attach(await diskImage([esp, boot, root]));
  const { stdout, stderr, exitCode } = await runOnDisks(
    [disk],
    `${prepare()}
     mount -o remount,ro /boot
     ${programs}/ignition-firstboot-complete
     cat /boot/loader/entries/*.conf /boot/loader/grub.cfg
     find /boot -mindepth 1 -not -path '*/lost+found' -printf '%P\\n' | sort
     mount $1p1 /mnt
     cat /mnt/EFI/debian/bootuuid.cfg
     find /mnt/EFI -printf '%P\\n' | sort`,
  );
  expect(exitCode, stderr).toBe(0);
  expect(stderr).toBe('+i /\n');
  const bound = options(`root=UUID=${root.uuid} boot=UUID=${boot.uuid}`);
  const menu = (version: number, kernelArguments: string) =>
    `menuentry 'Debian (ostree:${2 - version})' --class gnu-linux --class gnu --class os {\n` +
    `  linux /ostree/os-1/vmlinuz ${kernelArguments}\n  initrd /ostree/os-1/initramfs.img\n}\n`;
  expect(stdout).toBe(
    `${entry(1, bound)}${entry(2, `${bound} quiet`)}${menu(2, `${bound} quiet`)}${menu(1, bound)}` +
      'content\nloader\nloader.1\nloader.1/entries\nloader.1/entries/ostree-1.conf\nloader.1/entries/ostree-2.conf\nloader.1/grub.cfg\n' +
      `set BOOT_UUID="${boot.uuid}"\n\nBOOT\ndebian\ndebian/bootuuid.cfg\ndebian/grub.cfg\n`,
  );
});

// As on Fedora, which has no program of this name.
test('where the entries are the menu, they alone are bound', async () => {
  const [disk = ''] = await attach(await diskImage([esp, boot, root]));
  const { stdout, stderr, exitCode } = await runOnDisks(
    [disk],
    `${prepare('entries')}
     ${programs}/bind-boot
     cat /boot/loader/entries/*.conf
     ${programs}/ignition-firstboot-complete
     cat /boot/loader/entries/*.conf
     find /boot -mindepth 1 -not -path '*/lost+found' -printf '%P\\n' | sort
     mount $1p1 /mnt
     cat /mnt/EFI/debian/bootuuid.cfg`,
  );
  expect(exitCode, stderr).toBe(0);
  const bound = options(`root=UUID=${root.uuid} boot=UUID=${boot.uuid}`);
  const meanwhile = bound.replace('$ignition_firstboot', '$no_ignition_firstboot');
  expect(stdout).toBe(
    `${entry(1, meanwhile)}${entry(2, `${meanwhile} quiet`)}${entry(1, bound)}${entry(2, `${bound} quiet`)}` +
      'content\nloader\nloader.1\nloader.1/entries\nloader.1/entries/ostree-1.conf\nloader.1/entries/ostree-2.conf\n' +
      `set BOOT_UUID="${boot.uuid}"\n`,
  );
});

test('what a first boot wrote that was cut short is written anew', async () => {
  const [disk = ''] = await attach(await diskImage([esp, boot, root]));
  const earlier = 'root=UUID=other boot=UUID=old rd.luks.name=gone=root';
  const { stdout, stderr, exitCode } = await runOnDisks(
    [disk],
    `${prepare()}
     sed -i 's/root=LABEL=root/${earlier}/' /boot/loader/entries/ostree-1.conf
     sed -i 's/root=LABEL=root/root=UUID=other boot=UUID=old/' /boot/loader/entries/ostree-2.conf
     ${programs}/bind-boot
     cat /boot/loader/entries/*.conf`,
  );
  expect(exitCode, stderr).toBe(0);
  const bound = options(`root=UUID=${root.uuid} boot=UUID=${boot.uuid}`);
  expect(stdout).toBe(`${entry(1, bound)}${entry(2, `${bound} quiet`)}`);
});

test('a first boot that cannot bind is a first boot again', async () => {
  const [disk = ''] = await attach(await diskImage([esp, boot, root]));
  const { stdout, stderr } = await runOnDisks(
    [disk],
    `${prepare()}
     # The EFI system partition is broken.
     dd if=/dev/zero of=$1p1 bs=1M count=1 status=none
     before=$(cat /boot/loader/entries/*.conf | sha256sum)
     ${programs}/ignition-firstboot-complete 2>/dev/null || echo "exit $?"
     ls -d /boot/ignition*
     # Nothing names filesystems that the next one makes anew.
     cat /boot/loader/grub.cfg
     [ "$before" = "$(cat /boot/loader/entries/*.conf | sha256sum)" ]`,
  );
  expect(stdout, stderr).toBe('exit 32\n/boot/ignition\n/boot/ignition.firstboot\nold\n');
});

/** Prints the first line of what decides the next boot. */
const decides = {
  menu: 'head --lines 1 /boot/loader/grub.cfg',
  entries: "sed -n 's/.*[$]\\(\\(no_\\)\\?ignition_firstboot\\) .*/\\1/p' /boot/loader/entries/ostree-2.conf",
};

test.each(['menu', 'entries'] as const)(
  'with ostree’s %s: killed at any step, a first boot is a first boot again, or ends at the next boot',
  async (kind) => {
    const [disk = ''] = await attach(await diskImage([esp, boot, root]));
    const { stdout, stderr, exitCode } = await runOnDisks(
      [disk],
      `${prepare(kind)}
     # Each kills all that it belongs to when it is called for the so-manieth time of all of them.
     mkdir /run/shims
     shopt -s nullglob
     for name in grub-mkconfig mount mv rm sync umount; do
       printf '%s\n' '#!/bin/bash' 'PATH=\${PATH#*:}' 'printf x >> /run/calls' \
         '[ $(stat --format %s /run/calls) -lt $(</run/fatal) ] || kill -KILL 0' 'exec "\${0##*/}" "$@"' > /run/shims/$name
       chmod +x /run/shims/$name
     done
     complete() {
       rm -f /run/calls
       echo $1 > /run/fatal
       PATH=/run/shims:$PATH setsid --wait unshare --mount ${programs}/ignition-firstboot-complete 2> /dev/null || echo "exit $?"
     }
     state() {
       cat /boot/loader/entries/*.conf /boot/loader/*.cfg
       find /boot -mindepth 1 -not -path '*/lost+found' -printf '%P\n' | sort
       mount $esp /mnt
       cat /mnt/EFI/debian/bootuuid.cfg
       umount /mnt
     }
     complete 1000
     state > /run/complete
     for ((call = 1, ended = 0; !ended; call++)); do
       fill
       [ "$(complete $call)" != '' ] || ended=1
       case "$(${decides[kind]})" in
         old | ignition_firstboot)
           if [ ! -e /boot/ignition.firstboot ]; then
             [ -n "\${entries-}" ]
             echo complete
             continue
           fi
           ls /boot/ignition.firstboot /boot/ignition/config.ign > /dev/null
           echo first
           ;;
         'set ignition_firstboot=""' | no_ignition_firstboot) [ -e /boot/ignition.firstboot ] && echo bound || echo bound, and no stamp ;;
         *)
           [ ! -e /boot/ignition.firstboot ]
           echo complete
           ;;
       esac
       # Else the next boot has nothing to do.
       if [ -e /boot/ignition.firstboot ]; then
         complete 1000
         state | diff /run/complete -
       fi
     done | uniq`,
    );
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    expect(stdout).toBe('first\nbound\nbound, and no stamp\ncomplete\n');
  },
  300_000,
);

const generated = (what: string) => `[Unit]
Description=Boot partition
Documentation=man:ostree(1)
SourcePath=/proc/cmdline
Before=local-fs.target

[Mount]
What=/dev/disk/${what}
Where=/boot
# ostree makes it writable in a mount namespace of its own for the moment of a deployment.
Options=ro,nodev,nosuid
../boot.mount
`;

test.each([
  ['at the first boot', 'rw root=LABEL=root', '/run/ostree-booted', generated('by-label/boot')],
  ['later', `rw boot=UUID=${boot.uuid} quiet`, '/run/ostree-booted', generated(`by-uuid/${boot.uuid}`)],
  ['of a live system', 'rw', '/run/ostree-booted /run/ostree-live', ''],
  ['of a container', 'rw', '', ''],
])('the boot filesystem %s', async (_, commandLine, files, expected) => {
  const { stdout, stderr } = await runOnDisks(
    [],
    `mkdir /run/units
     [ -z '${files}' ] || touch ${files}
     echo '${commandLine}' > /run/cmdline
     mount --bind /run/cmdline /proc/cmdline
     ${generators}/coreos-boot-mount-generator /run/units
     if [ -e /run/units/boot.mount ]; then
       cat /run/units/boot.mount
       readlink /run/units/local-fs.target.requires/boot.mount
       systemd-analyze verify --man=no /run/units/boot.mount
     fi`,
  );
  expect(stderr).toBe('');
  expect(stdout).toBe(expected);
});
