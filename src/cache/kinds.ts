/** What lies in one directory of a work directory's `cache/`: entries that are used, kept and evicted alike. */
export interface CacheKind {
  /** The directory's name. */
  readonly name: string;
  /** What an entry is, for people. */
  readonly content: string;
  /** Closed to other users of the machine: set-uid programs lie in it. */
  readonly isPrivate: boolean;
  /** True if the files of an entry have extended attributes, which say as much as contents. */
  readonly hasXattrs?: boolean;
  /** How many entries stay when another one is kept. */
  readonly mostEntries: number;
  /** And how many bytes of them, where entries are files. */
  readonly mostBytes?: number;
}

/**
 * Every kind that there is. Whoever keeps something has a line here; `cosa prune --cache` and eviction know no others.
 * The bounds hold for what nobody uses: what a running command needs stays.
 */
export const cacheKinds = {
  /** Indexes of package repositories and apt's state, an entry for each set of repositories. */
  apt: { name: 'apt', content: 'package indexes', isPrivate: false, mostEntries: 5 },
  /** Some ten kilobytes for each builder image, by its digest. */
  baseManifests: { name: 'base-manifests', content: "builder images' manifests", isPrivate: false, mostEntries: 20 },
  /** Each is as large as the operating system unpacked; a container has one for each size of sectors. */
  baseDisks: { name: 'base-disks', content: 'disks that images are made of', isPrivate: true, mostEntries: 4 },
  /** A few hundred bytes for each disk image: that it is still what was written. */
  checksums: { name: 'checksums', content: 'checksums of disk images', isPrivate: false, mostEntries: 1000 },
  /** Indexes of rpm repositories and what the solver made of them, an entry for each set of repositories. */
  dnf: { name: 'dnf', content: 'indexes of rpm repositories', isPrivate: false, mostEntries: 5 },
  /** A second and third stream or kernel find theirs again. */
  initramfs: { name: 'initramfs', content: 'initramfs images', isPrivate: false, mostEntries: 5 },
  /** Those that repositories name by an address. */
  keys: { name: 'keys', content: 'public keys of repositories', isPrivate: false, mostEntries: 100 },
  /** A few hundred bytes for each layer that was written; the layer lies in `oci/`. */
  layers: { name: 'layers', content: 'records of written layers', isPrivate: false, mostEntries: 10_000 },
  /** Each is as large as an ISO. */
  liveRootfs: { name: 'live-rootfs', content: 'root filesystems of live media', isPrivate: true, mostEntries: 2 },
  lock: { name: 'lock', content: 'choices of packages', isPrivate: false, mostEntries: 20 },
  /** Local repositories made of `overrides/deb`. */
  overrides: { name: 'overrides', content: 'indexes of local packages', isPrivate: false, mostEntries: 20 },
  /** Some ten kilobytes for each container, by its digest. */
  packageLists: {
    name: 'package-lists',
    content: "lists of containers' packages",
    isPrivate: false,
    mostEntries: 5000,
  },
  packages: {
    name: 'packages',
    content: 'downloaded packages',
    isPrivate: false,
    mostEntries: 20_000,
    mostBytes: 10_000_000_000,
  },
  /** Of each system that is built, its own rpm and what that needs, by which it is installed. */
  packageManagers: {
    name: 'package-managers',
    content: 'programs that install packages',
    isPrivate: true,
    mostEntries: 3,
  },
  /** A second and third stream or lockfile find theirs again. */
  roots: { name: 'roots', content: 'installed packages', isPrivate: true, hasXattrs: true, mostEntries: 3 },
  /** A list of packages for each set of keys: what they have signed. */
  signatures: { name: 'signatures', content: 'records of checked signatures', isPrivate: false, mostEntries: 20 },
  /** What commands are at, in leases of their own; none of it is kept. */
  scratch: { name: 'scratch', content: 'unfinished work', isPrivate: false, mostEntries: 0 },
} as const satisfies Record<string, CacheKind>;
