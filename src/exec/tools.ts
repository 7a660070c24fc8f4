/** A program of the host that cosa calls, and where to get it: for errors and for `cosa doctor`. */
export interface Tool {
  /** The executable's name, looked up in PATH and the system directories. */
  name: string;
  /** The package that holds it, by distribution family. */
  packages: { deb: string; rpm: string };
  /** What cosa needs it for, as a clause: "writes ext4 filesystems". */
  purpose: string;
  /** True if most work directories never need it: `cosa doctor` tells, and does not complain. */
  optional?: true;
  /** Libraries for Python in a program's place, of which one is enough: names of modules. */
  python?: readonly string[];
  /** The family of hosts that have it; unless given, all have. */
  family?: 'deb' | 'rpm';
}

/**
 * Every program of the host that cosa runs, but for those of an architecture, which emulate: see tools/machine-tools.ts and
 * tools/user-emulator.ts. `cosa doctor` looks for each, `scripts/setup` installs what is missing. Credential helpers are not
 * here: which one there is, if any, the user's own files say.
 */
export const tools = {
  aptCache: tool('apt-cache', 'apt', 'reads the indexes of Debian repositories'),
  aptConfig: tool('apt-config', 'apt', "learns the machine's proxy"),
  aptGet: tool('apt-get', 'apt', 'chooses the versions of Debian packages'),
  bubblewrap: tool('bwrap', 'bubblewrap', "runs the operating system's own programs in a namespace"),
  cat: tool('cat', 'coreutils', 'ends what it has locked when it ends'),
  chattr: tool('chattr', 'e2fsprogs', 'makes a directory immutable in a mounted filesystem'),
  cp: tool('cp', 'coreutils', 'copies root directories with owners and xattrs'),
  dnf: {
    // Of dnf 4; those of dnf 5, python3-libdnf5, serve as well where there are no others.
    ...tool('python3-dnf', 'python3-dnf', 'chooses the versions of rpm packages'),
    python: ['dnf', 'libdnf5'],
    optional: true,
  },
  dpkgQuery: { ...tool('dpkg-query', 'dpkg', 'tells which packages the host has'), family: 'deb' },
  du: tool('du', 'coreutils', 'measures what it keeps'),
  find: tool('find', 'findutils', 'compares what it keeps with what was put there'),
  flock: tool('flock', 'util-linux', 'locks the work directory'),
  getfattr: tool('getfattr', 'attr', 'reads extended attributes such as file capabilities, which Node cannot'),
  git: tool('git', 'git', 'fetches a config and tells its revision'),
  gpg: {
    ...tool('gpg', { deb: 'gpg', rpm: 'gnupg2' }, 'signs what is published, where a key is named'),
    optional: true,
  },
  gpgv: {
    ...tool(
      'gpgv',
      { deb: 'gpgv', rpm: 'gnupg2' },
      'checks signatures of rpm packages, of their repositories and of downloads',
    ),
    optional: true,
  },
  mount: tool(
    'mount',
    { deb: 'mount', rpm: 'util-linux' },
    "lets a namespace run another processor's programs, and fills filesystems",
  ),
  mkfsBtrfs: { ...tool('mkfs.btrfs', 'btrfs-progs', 'writes btrfs filesystems'), optional: true },
  mkfsXfs: { ...tool('mkfs.xfs', 'xfsprogs', 'writes XFS filesystems'), optional: true },
  newuidmap: tool('newuidmap', { deb: 'uidmap', rpm: 'shadow-utils' }, "maps an unprivileged user's sub-ids"),
  nsenter: tool(
    'nsenter',
    { deb: 'util-linux', rpm: 'util-linux' },
    'works in a namespace where a filesystem is mounted',
  ),
  python: {
    ...tool('/usr/bin/python3', 'python3', 'calls the libraries that choose the versions of rpm packages'),
    optional: true,
  },
  qemuImg: tool('qemu-img', { deb: 'qemu-utils', rpm: 'qemu-img' }, 'makes the throwaway disks of virtual machines'),
  rm: tool('rm', 'coreutils', 'removes trees of files'),
  rpm: { ...tool('rpm', 'rpm', 'tells which packages the host has'), family: 'rpm' },
  setpriv: tool('setpriv', 'util-linux', 'ends the programs that it has started together with itself'),
  sh: tool('sh', { deb: 'dash', rpm: 'bash' }, 'begins again as root of a namespace'),
  ssh: tool('ssh', { deb: 'openssh-client', rpm: 'openssh-clients' }, 'runs commands in a virtual machine'),
  sshKeygen: tool(
    'ssh-keygen',
    { deb: 'openssh-client', rpm: 'openssh-clients' },
    'makes throwaway keys for virtual machines',
  ),
  sync: tool('sync', 'coreutils', 'flushes what it keeps to disk'),
  tar: tool('tar', 'tar', 'makes the directory that a filesystem is filled from'),
  true: tool('true', 'coreutils', 'tries whether programs can be run in namespaces'),
  umount: tool('umount', { deb: 'mount', rpm: 'util-linux' }, 'flushes a filesystem that was filled'),
  unshare: tool('unshare', 'util-linux', 'makes a user namespace for an unprivileged user'),
  xfsDb: { ...tool('xfs_db', 'xfsprogs', 'sets flags in XFS filesystems'), optional: true },
  xz: tool('xz', { deb: 'xz-utils', rpm: 'xz' }, 'unpacks Debian packages, and compresses disk images'),
} as const satisfies Record<string, Tool>;

function tool(name: string, held: string | Tool['packages'], purpose: string): Tool {
  return { name, packages: typeof held === 'string' ? { deb: held, rpm: held } : held, purpose };
}
