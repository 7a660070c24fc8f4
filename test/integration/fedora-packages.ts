import type { TestRpm } from '../helpers/rpm-packages.ts';

// Packages with Fedora's names, and dependencies of the kinds that Fedora's have: on files, on capabilities of libraries, on what a
// kernel of a certain release provides, rich ones, with alternatives and conflicts. There is nothing in them.

const kernel = '6.17.8-300.fc43.x86_64';
const release = '1.fc43';

function fedora(name: string, item: Omit<TestRpm, 'name'> = {}): TestRpm {
  return { name, release, architecture: 'x86_64', requires: ['libc.so.6()(64bit)'], ...item };
}

function data(name: string, item: Omit<TestRpm, 'name'> = {}): TestRpm {
  return { name, release, ...item };
}

const named = [
  'aardvark-dns',
  'btrfs-progs',
  'crun',
  'dosfstools',
  'e2fsprogs',
  'gawk',
  'gdisk',
  'ignition',
  'iproute',
  'iputils',
  'jq',
  'less',
  'libcap',
  'microcode_ctl',
  'netavark',
  'nftables',
  'passt',
  'passwd',
  'policycoreutils',
  'polkit',
  'procps-ng',
  'rpm',
  'shadow-utils',
  'skopeo',
  'sudo',
  'tar',
  'util-linux',
  'vim-minimal',
  'xfsprogs',
  'zstd',
];

export const fedoraPackages: readonly TestRpm[] = [
  data('setup', { files: { '/etc/passwd': 'root:x:0:0::/root:/bin/bash\n', '/etc/group': 'root:x:0:\n' } }),
  fedora('filesystem', { requires: ['setup'] }),
  fedora('glibc', {
    provides: ['libc.so.6()(64bit)'],
    requires: ['glibc-common = 1.0-1.fc43', '(glibc-langpack-en if langpacks-core-en)', 'basesystem'],
    recommends: ['glibc-all-langpacks'],
  }),
  fedora('glibc-common', { requires: ['glibc = 1.0-1.fc43', 'tzdata', 'bash'] }),
  data('basesystem', { requires: ['filesystem', 'setup'] }),
  fedora('glibc-minimal-langpack', { provides: ['glibc-langpack = 1.0-1.fc43'] }),
  fedora('glibc-all-langpacks', { provides: ['glibc-langpack = 1.0-1.fc43'] }),
  fedora('bash', { files: { '/usr/bin/bash': '', '/usr/bin/sh': { linkTo: 'bash' } }, provides: ['/bin/sh'] }),
  fedora('coreutils', { requires: ['coreutils-common = 1.0-1.fc43'], conflicts: ['coreutils-single'] }),
  fedora('coreutils-common'),
  fedora('coreutils-single', { provides: ['coreutils = 1.0-1.fc43'] }),
  data('tzdata'),
  data('ca-certificates', { requires: ['/bin/sh', 'coreutils', '(p11-kit-trust or openssl)'] }),
  fedora('openssl'),
  fedora('p11-kit-trust'),
  fedora('curl', { requires: ['libcurl(x86-64) >= 1.0', 'libc.so.6()(64bit)'] }),
  fedora('libcurl', { provides: ['libcurl-full'] }),
  fedora('libcurl-minimal', {
    provides: ['libcurl = 0.9-1.fc43', 'libcurl(x86-64) = 0.9-1.fc43'],
    conflicts: ['libcurl'],
  }),
  fedora('systemd', {
    requires: ['dbus >= 1.0', 'systemd-libs = 1.0-1.fc43', '(systemd-rpm-macros = 1.0-1.fc43 if rpm-build)'],
    recommends: ['diffutils'],
  }),
  fedora('systemd-libs'),
  fedora('systemd-networkd', { requires: ['systemd = 1.0-1.fc43'] }),
  fedora('systemd-resolved', { requires: ['systemd = 1.0-1.fc43'] }),
  fedora('systemd-udev', { requires: ['systemd = 1.0-1.fc43'], recommends: ['kmod'] }),
  fedora('kmod'),
  fedora('diffutils'),
  data('dbus', { requires: ['dbus-broker >= 1.0'] }),
  fedora('dbus-broker', { requires: ['dbus-common'] }),
  data('dbus-common'),
  data('fedora-release-coreos', {
    provides: ['system-release', 'system-release(43)', 'fedora-release = 43'],
    requires: ['fedora-release-common = 1.0-1.fc43'],
    conflicts: ['fedora-release-identity-basic'],
  }),
  data('fedora-release-common', { requires: ['fedora-repos(43)'] }),
  data('fedora-repos', { provides: ['fedora-repos(43)'], requires: ['fedora-gpg-keys'] }),
  data('fedora-gpg-keys'),
  fedora('dracut', { requires: ['/usr/bin/bash', 'coreutils', 'kmod', 'systemd'] }),
  fedora('dracut-network', { requires: ['dracut = 1.0-1.fc43', 'iproute'] }),
  fedora('kernel-core', {
    provides: [`kernel-core-uname-r = ${kernel}`, `kernel-uname-r = ${kernel}`, 'installonlypkg(kernel)'],
    requires: [`kernel-modules-core-uname-r = ${kernel}`, 'dracut >= 1.0', 'systemd >= 1.0'],
  }),
  fedora('kernel-modules-core', {
    provides: [`kernel-modules-core-uname-r = ${kernel}`],
    requires: [`kernel-core-uname-r = ${kernel}`],
  }),
  fedora('kernel-modules', {
    requires: [`kernel-core-uname-r = ${kernel}`, `kernel-modules-core-uname-r = ${kernel}`],
  }),
  fedora('kernel-debug-core', {
    provides: [`kernel-core-uname-r = ${kernel}+debug`],
    requires: ['dracut'],
  }),
  data('linux-firmware', { requires: ['linux-firmware-whence'] }),
  data('linux-firmware-whence'),
  fedora('ostree', { requires: ['ostree-libs(x86-64) = 1.0-1.fc43', 'dracut'] }),
  fedora('ostree-libs'),
  fedora('cryptsetup', { requires: ['cryptsetup-libs(x86-64) = 1.0-1.fc43'] }),
  fedora('cryptsetup-libs'),
  fedora('clevis', { requires: ['cryptsetup', 'jq'] }),
  fedora('clevis-luks', { requires: ['clevis(x86-64) = 1.0-1.fc43'] }),
  fedora('clevis-systemd', { requires: ['clevis-luks(x86-64) = 1.0-1.fc43', 'systemd'] }),
  fedora('clevis-dracut', { requires: ['clevis-systemd(x86-64) = 1.0-1.fc43', 'dracut-network'] }),
  data('grub2-common'),
  fedora('grub2-efi-x64', { epoch: 1, requires: ['grub2-common', 'efi-filesystem'], provides: ['grub2-efi = 1:1.0'] }),
  fedora('grub2-pc', { epoch: 1, requires: ['grub2-common', 'grub2-pc-modules'] }),
  data('grub2-pc-modules', { requires: ['grub2-common'] }),
  data('efi-filesystem'),
  fedora('shim-x64', { requires: ['efi-filesystem'], provides: ['shim'] }),
  fedora('openssh-server', { requires: ['openssh = 1.0-1.fc43', '(selinux-policy >= 1.0 if selinux-policy)'] }),
  fedora('openssh'),
  data('selinux-policy', { requires: ['policycoreutils', '(rpm-plugin-selinux if rpm-libs)'] }),
  data('selinux-policy-targeted', {
    requires: ['selinux-policy = 1.0-1.fc43'],
    conflicts: ['container-selinux < 0.9'],
  }),
  data('container-selinux', { epoch: 4, requires: ['selinux-policy >= 1.0'] }),
  data('containers-common', { epoch: 5, requires: ['(container-selinux if selinux-policy)'] }),
  fedora('podman', { epoch: 5, requires: ['conmon', 'containers-common >= 5:1.0', 'oci-runtime'] }),
  fedora('conmon', { epoch: 2 }),
  ...named.map((name) => fedora(name, name === 'crun' ? { provides: ['oci-runtime'] } : {})),
];
