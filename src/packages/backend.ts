import type { Changelogs } from '../contract/changelogs.ts';
import type { LockedPackage, Lockfile, PackageFamily } from '../contract/lockfile.ts';
import type { ArchitectureName } from '../lib/architecture.ts';
import type { SourcePosition } from '../lib/errors.ts';
import type { Reporter } from '../progress/reporter.ts';

/** What to resolve: the flattened treefile's package part. */
export interface PackageRequest {
  basearch: ArchitectureName;
  packages: readonly string[];
  exclude: readonly string[];
  /** Take recommended packages too. */
  recommends: boolean;
  repositories: readonly RepositoryFile[];
  /** Values that the repository files may use, as `${name}`. */
  variables: Readonly<Record<string, string>>;
  /** Further values that the repository files of this family may use, as `$name`. */
  repositoryVariables?: Readonly<Record<string, string>>;
  /** Packages that must come from one repository; they are none of `packages`. */
  repositoryPackages?: readonly { repository: string; packages: readonly string[] }[];
  /** The platform whose modules hide packages: `platform:el9`. */
  modulePlatform?: string;
  /** Exact versions by package name, as a lockfile and `manifest-lock.overrides.yaml` give them. */
  pins: Readonly<Record<string, string>>;
  /** The architecture of a pinned package, where its pin names one. */
  pinnedArchitectures?: Readonly<Record<string, string>>;
  /** No package may be chosen that has no pin. */
  pinnedOnly?: boolean;
  /** Absolute paths of local package files that win over the repositories' (`overrides/deb`, `overrides/rpm`). */
  overrides: readonly string[];
  /** Languages whose translations are installed, as `install-langs` names them; all unless given. */
  languages?: readonly string[];
  /** The format of the package database, where the family has several and the config names one. */
  databaseFormat?: DatabaseFormat;
}

/** `target`: what the installed system's own package manager uses; `host`: what this machine's does. */
type DatabaseFormat = 'target' | 'host' | 'sqlite' | 'ndb' | 'bdb';

/** A repository definition of the config: `NAME.sources`, a section `[NAME]` of a file `.repo`. */
export interface RepositoryFile {
  name: string;
  /** Absolute path of the file. */
  path: string;
  /** What the file says of this repository, where it may define several. */
  text?: string;
  /** `locked`: only packages that have a pin may come from it. */
  use?: 'all' | 'locked';
}

/** A package of an installed root, with what the layer plan needs. */
export interface InstalledPackage {
  name: string;
  version: string;
  architecture: string;
  source: string;
  /** Installed bytes. */
  size: number;
  /** Seconds since the epoch of the newest changelog entry: how often a package changes shows here. */
  changed: number;
  /** Absolute paths that the package owns, as they are in the root: links to directories resolved, directories left out. A path has one owner. */
  paths: readonly string[];
}

export interface BackendContext {
  /** The work directory's `cache/`: downloads go to `packages/` by hash, repository indexes beside. */
  cacheDirectory: string;
  reporter: Reporter;
  /** Where the config names a package: for errors. */
  positionOf?: (name: string) => SourcePosition;
  /** After which a script of a package is taken to hang, unless the usual ones. */
  silentSeconds?: number;
}

/** A package family. Nothing above this interface knows deb or rpm. */
export interface PackageBackend {
  readonly family: PackageFamily;
  /** Ending of the repository files in a config, with the dot: a config's `repos:` choose the family by it. */
  readonly repositoryExtension: string;
  /** Directory below `overrides/` with local packages: also the ending of the package files. */
  readonly overridesDirectory: string;

  /**
   * Chooses versions for a request from signed repository indexes.
   * @throws CosaError `PACKAGE_UNKNOWN` with near names (all that are unknown, each with its position), `DEPENDENCIES_UNSATISFIABLE` with the solver's
   *   reason, `PACKAGE_UNAVAILABLE` for a pin, `OVERRIDE_INVALID`, `REPOSITORY_UNREACHABLE`, `REPOSITORY_SIGNATURE`
   */
  resolve(request: PackageRequest, context: BackendContext): Promise<Lockfile>;

  /**
   * A given lock with the request's local overrides put in place of the packages of the same name and architecture.
   * Asks no repository.
   * @throws CosaError `LOCKFILE_STALE` (exit 2) if the lock lacks a package that the request names
   */
  applyOverrides(request: PackageRequest, lock: Lockfile): Promise<Lockfile>;

  /**
   * The package's address in the world of packages, for lists of what a container is made of.
   * @param lock that the package is of
   * @param variables the request's
   * @see https://github.com/package-url/purl-spec
   */
  packageUrl(locked: LockedPackage, lock: Lockfile, variables: PackageRequest['variables']): string;

  /** Negative if version `a` is older than `b`, 0 if they are equal, positive if it is newer. */
  compareVersions(a: string, b: string): number;

  /**
   * Brings every package of the lock into the cache, verified, in parallel; fetches nothing of those that are there.
   * @returns until it is disposed of, nobody evicts them
   * @throws CosaError `PACKAGE_UNAVAILABLE` or `PACKAGE_HASH_MISMATCH`, naming the package
   */
  download(request: PackageRequest, lock: Lockfile, context: BackendContext): Promise<AsyncDisposable>;

  /**
   * Installs the lock's packages from the cache into an empty directory, in a sandbox without network,
   * deterministically. Must run as root or namespace root.
   * @param options.documentation false leaves /usr/share/doc (but licences) and man out
   * @throws CosaError `PACKAGE_INSTALL_FAILED` naming packages, with the end of the log; `PACKAGE_FILE_CONFLICT`
   */
  install(
    request: PackageRequest,
    lock: Lockfile,
    root: string,
    options: { documentation: boolean },
    context: BackendContext,
  ): Promise<void>;

  /** What is installed in a root, sorted by name. */
  inventory(root: string): Promise<InstalledPackage[]>;

  /** What the packages of an installed root, which is not finalized, say of their latest changes. */
  changelogs(root: string): Promise<Changelogs>;

  /**
   * Cleans an installed root of what differs between two installs (logs, caches, backups) and moves the package
   * database to its read-only place below /usr, so that the family's query tool works in the booted system.
   */
  finalize(root: string): Promise<void>;
}
