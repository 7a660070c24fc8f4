/** Where the container carries what disk images are made by, absolute: whoever makes them reads nothing else. */
export const containerPaths = {
  /** The keys of image.yaml; see image-config.ts. */
  imageConfig: '/usr/share/coreos-assembler/image.json',
  /** disk.yaml; see disk-layout.ts. A container without one has the disk of its architecture. */
  diskLayout: '/usr/share/coreos-assembler/disk.json',
  /** The architecture's part of platforms.yaml; see platforms.ts. */
  platforms: '/usr/share/coreos-assembler/platforms.json',
  /** release.yaml; see release.ts. A container without one has no more to say than image.json. */
  release: '/usr/share/coreos-assembler/release.json',
  /** The directory `live/` of the config: boot loaders' configurations for live media, as other tools have them. */
  live: '/usr/share/coreos-assembler/live',
  /** The flattened treefile: how the container was made. */
  manifest: '/usr/share/coreos-assembler/manifest.json',
  /**
   * The boot loaders, as plain bytes that any disk builder can copy: `bios/boot.img` and `bios/core.img` of disks, `efi/`; and
   * where live media are to start by BIOS, `bios/eltorito.img` and, for those on disks, `bios/hybrid.img`.
   */
  bootLoaders: '/usr/lib/coreos-assembler/boot',
  /** What is known of them; see boot-loader-record.ts. Without it, GRUB needs a menu beside the entries. */
  bootLoaderRecord: '/usr/lib/coreos-assembler/boot/boot.json',
  /** What bootupd is to know of the disk's boot loaders, for `/boot`; in containers that have bootupd. */
  bootupdState: '/usr/lib/coreos-assembler/boot/bootupd-state.json',
} as const;

/** Where {@link lockfilePath} lies. */
export const lockfileDirectory = '/usr/share/coreos-assembler';

/** The lockfile with the container's packages; see lockfile.ts. */
export function lockfilePath(basearch: string): string {
  return `${lockfileDirectory}/manifest-lock.${basearch}.json`;
}

/** True for the name of a lockfile, of whatever architecture. */
export function isLockfileName(name: string): boolean {
  return /^manifest-lock\.[a-z0-9_]+\.json$/.test(name);
}
