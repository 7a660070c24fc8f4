import type { ArchitectureName } from '../lib/architecture.ts';
import type { Component } from '../lib/component.ts';
import type { SourcePosition } from '../lib/errors.ts';
import type { InitramfsCache } from './initramfs/cache.ts';

/** What an overlay puts at one path. The owner is root, and the mode final. */
export type OverlayEntry =
  | { path: string; type: 'directory'; mode: number }
  | { path: string; type: 'file'; mode: number }
  | { path: string; type: 'symlink'; target: string };

/** A directory whose content is copied over the packages'. */
export interface Overlay {
  /** The component's name in the layer plan is `overlay/` and this. */
  name: string;
  /** Absolute path on the host; a file's content lies in it under the entry's path. */
  directory: string;
  /** Directories before what they hold; paths are relative. */
  entries: readonly OverlayEntry[];
}

/** A script that runs in the root, after everything that the configuration says has been done. */
export interface PostprocessScript {
  /** How errors name it: `postprocess[2]`. */
  name: string;
  /** The whole script. */
  content: string;
  /** Where it stands in the config. */
  where: SourcePosition;
}

/** A filesystem of a partition, and where it is mounted. */
export interface Mount {
  /** The partition's name, of characters that need no quoting anywhere. */
  partition: string;
  filesystem: string;
  /** Absolute, below /var. */
  place: string;
}

/** What numbers users (or groups) must have. */
export type AccountCheck =
  | { kind: 'none' }
  /** The text of a passwd (or group) file of the config. Accounts that no package makes come from it. */
  | { kind: 'text'; text: string; origin: string }
  /** Name → uid and gid of a user, or gid of a group. */
  | { kind: 'data'; ids: ReadonlyMap<string, readonly number[]>; origin: string };

/** What turns an installed root into the ostree root of one build. Plain data: every input of the result is here. */
export interface RootfsRequest {
  /** The system's name, `debian-coreos`: IMAGE_ID of os-release. */
  osName: string;
  /** The build's version: IMAGE_VERSION and OSTREE_VERSION. */
  version: string;
  basearch: ArchitectureName;
  /** Seconds since the epoch, given to programs of the root as SOURCE_DATE_EPOCH. */
  timestamp: number;
  /** In this order; a later one wins. */
  overlays: readonly Overlay[];
  /** Files to copy, by their path in the root without the leading slash; owner is root. */
  addedFiles: readonly { source: string; path: string; mode: number }[];
  /** Units to enable. */
  units: readonly string[];
  defaultTarget: string | undefined;
  postprocess: readonly PostprocessScript[];
  /** Programs that work on the finished tree, in this order: name, and absolute path on the host. */
  finalizeScripts: readonly { name: string; path: string }[];
  /** Absolute path on the host: what {@link finalizeScripts} may read besides. */
  configDirectory: string;
  /** Whether scripts find /run/.containerenv, by which those of newer configs know that they run in a container. */
  containerMarker: boolean;
  /** Paths; directories go with what is in them. */
  removeFiles: readonly string[];
  /** Per package, regular expressions that are searched for in the absolute paths that it owns. */
  removeFromPackages: readonly { package: string; patterns: readonly string[] }[];
  /** Whether executables of packages lose their write bits. */
  readonlyExecutables: boolean;
  /** What packages own, as the package database spells it. */
  packages: readonly { name: string; paths: readonly string[] }[];
  /** Groups that must stand in /etc/group. */
  etcGroupMembers: readonly string[];
  users: AccountCheck;
  groups: AccountCheck;
  /** Accounts that may be missing although the check names them; `*` stands for all. */
  ignoreRemovedUsers: readonly string[];
  ignoreRemovedGroups: readonly string[];
  /** The text in os-release's VERSION and PRETTY_NAME that becomes the version. */
  mutateOsRelease: string | undefined;
  /** Added to dracut's command line, after our own. */
  initramfsArguments: readonly string[];
  /** Whether /opt and /usr/local are the machine's, links into /var, or part of the tree, which updates replace, perhaps with an overlay that the machine writes to. */
  optUsrlocal: 'var' | 'root' | 'state-overlay';
  /** False leaves out /etc/machine-id; otherwise it says `uninitialized`. */
  machineIdCompat: boolean;
  /** What is mounted when the system boots, apart from its own. */
  mounts: readonly Mount[];
  /** Files to write, by absolute path: image.json, disk.json, platforms.json, the manifest, the lockfile. */
  embedded: ReadonlyMap<string, string>;
  /** Says which packages are installed and how: the key of the installed root. */
  packagesKey: string;
  /** Where initramfs images are kept between builds; without it, each build makes its own. */
  initramfsCache: InitramfsCache | undefined;
}

/** How paths of an installed system map to the ostree root; see {@link finalPath}. */
export interface RootLayout {
  kernelRelease: string;
  /** Links to directories, such as `/bin` → `/usr/bin`, by absolute path. */
  aliases: ReadonlyMap<string, string>;
}

export interface AssembledRoot {
  /** `6.12.48+deb13-amd64` */
  kernelRelease: string;
  layout: RootLayout;
  /** Parts that no package owns as they are now. A path in here belongs here, whatever a package says. */
  components: readonly Component[];
}
