import { flock } from '../lock.ts';
import { newuidmap, unshare } from '../namespace.ts';
import { bubblewrap } from '../sandbox.ts';
import type { Tool } from '../tool.ts';
import { aptCache, aptConfig, aptGet } from './apt.ts';
import { coreutilsCopy } from './cp.ts';
import { dpkgDeb } from './dpkg-deb.ts';
import { debugfs, mke2fs } from './e2fsprogs.ts';
import { find } from './find.ts';
import { getfattr } from './getfattr.ts';
import { git } from './git.ts';
import { mkfsVfat } from './mkfs-vfat.ts';
import { mkfsXfs } from './mkfs-xfs.ts';
import { mcopy, mmd } from './mtools.ts';
import { ostree } from './ostree.ts';
import { ovmf } from './ovmf.ts';
import { qemu } from './qemu.ts';
import { qemuImg } from './qemu-img.ts';
import { setfattr } from './setfattr.ts';
import { setpriv } from './setpriv.ts';
import { ssh, sshKeygen } from './ssh.ts';
import { sync } from './sync.ts';
import { tar } from './tar.ts';
import { xz } from './xz.ts';
import { zstd } from './zstd.ts';

/** Every program of the host that cosa may call: `cosa doctor` looks for each, `scripts/setup` installs what is missing. */
export const tools: readonly Tool[] = [
  aptCache,
  aptConfig,
  aptGet,
  bubblewrap,
  coreutilsCopy,
  debugfs,
  dpkgDeb,
  find,
  flock,
  getfattr,
  git,
  mcopy,
  mke2fs,
  mkfsVfat,
  mkfsXfs,
  mmd,
  newuidmap,
  ostree,
  ovmf,
  qemu,
  qemuImg,
  setpriv,
  ssh,
  sshKeygen,
  setfattr,
  sync,
  tar,
  unshare,
  xz,
  zstd,
];
