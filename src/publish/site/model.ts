import type { Digest } from '../../lib/digest.ts';

/** What a site shows, as plain data: whoever makes pages of it reads nothing else. Texts are others', and not escaped. */
export interface SiteModel {
  /** Name of the operating system; of several, that of the newest build. */
  title: string;
  /** Where the containers lie, as a reference to a registry's repository: `docker://HOST/REPO`. */
  repository: string | undefined;
  streams: readonly SiteStream[];
  /** Newest first. */
  builds: readonly SiteBuild[];
  /** What cannot be read, and why. */
  remarks: readonly string[];
}

/** A name that moves from build to build. */
export interface SiteStream {
  name: string;
  /** What the stream's tag points to: an image for each architecture. */
  promoted: readonly SiteBuild[];
  /** What its candidate's tag points to. */
  candidates: readonly SiteBuild[];
  /** All that say that they are of it, and those that it points to; newest first. */
  builds: readonly SiteBuild[];
}

/** A container of one architecture. */
export interface SiteBuild {
  digest: Digest;
  version: string | undefined;
  stream: string | undefined;
  /** RFC 3339. */
  created: string | undefined;
  architecture: string;
  /** Hex checksum of the ostree commit. */
  commit: string | undefined;
  /** Name of the operating system. */
  name: string | undefined;
  /** Version of the kernel. */
  kernel: string | undefined;
  /** Where its config lies, and which commit of it was built. */
  source: string | undefined;
  revision: string | undefined;
  /** Sorted. */
  tags: readonly string[];
  /** Compressed bytes of all layers. */
  size: number;
  layers: readonly SiteLayer[];
  packages: PackageList;
  /** From the build before it in the same stream, of the same architecture. */
  update: SiteUpdate | undefined;
  suites: readonly SiteSuite[];
  /** Why results of tests do not count. */
  unusableTests: readonly string[];
  /** True if there is a signature, by whomever: none is verified. */
  signed: boolean;
  artifacts: readonly SiteArtifact[];
  /** What of it cannot be read, and why. */
  remarks: readonly string[];
}

export interface SiteLayer {
  digest: Digest;
  /** Compressed bytes. */
  size: number;
  /** Names of the packages and parts in it; none for the layer of the file system's tree. */
  components: readonly string[];
  /** True if the build before it does not have it: an update downloads it. */
  isNew: boolean;
}

export interface SitePackage {
  name: string;
  version: string;
  architecture: string;
  source: string;
  /** Bytes of the package file. */
  size: number;
}

/** The packages of a container, or why they are not known. */
export type PackageList = { packages: readonly SitePackage[] } | { packages?: undefined; reason: string };

export interface SiteUpdate {
  from: SiteBuild;
  /** Bytes: manifest, config and new layers. */
  download: number;
  layers: { kept: number; added: number; removed: number };
  /** Bytes of the layers that a host has already. */
  kept: number;
  /** Not known where one of the two lists is not. */
  packages: SitePackageChanges | undefined;
}

/** Each sorted by name. */
export interface SitePackageChanges {
  added: readonly { name: string; version: string }[];
  removed: readonly { name: string; version: string }[];
  upgraded: readonly { name: string; from: string; to: string }[];
  downgraded: readonly { name: string; from: string; to: string }[];
}

/** How a build has done in a suite with a firmware: of each test, the last run. */
export interface SiteSuite {
  name: string;
  firmware: string;
  accelerator: string;
  /** True if the whole suite was run. */
  complete: boolean;
  /** True if every test that was run has passed. */
  passed: boolean;
  /** RFC 3339. */
  started: string;
  tests: readonly SiteTest[];
}

export interface SiteTest {
  name: string;
  passed: boolean;
  milliseconds: number;
  /** Shows why it failed; of several lines, as a console wrote them. */
  log: string | undefined;
}

/** A disk image of a build. */
export interface SiteArtifact {
  platform: string;
  /** What the platform is, for people; its name where nobody knows it. */
  title: string;
  /** With its compressor: `qcow2.xz`. */
  format: string;
  /** Where it was found. */
  origin: 'directory' | 'registry' | 'store';
  files: readonly SiteFile[];
  /** How a machine gets to run it, in order. */
  start: readonly { does: string; run: string | undefined }[];
}

export interface SiteFile {
  /** `disk`, `kernel`, `initramfs`, `rootfs`. */
  role: string;
  name: string;
  /** Bytes. */
  size: number;
  /** Hex. */
  sha256: string;
  /** Where it can be downloaded. */
  location: string | undefined;
  /** The name of its signature, beside it. */
  signature: string | undefined;
}
