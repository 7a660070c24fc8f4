import { basename } from 'node:path';
import { z } from 'zod';
import { type ArchitectureName, architectureNames } from '../lib/architecture.ts';
import { prettyJson } from '../lib/canonical-json.ts';
import type { Digest } from '../lib/digest.ts';
import { checkDocument, type FaultError, faultText, parseDocument, parseJson } from '../lib/document.ts';
import { type CosaError, usageError } from '../lib/errors.ts';
import { compareBytes } from '../lib/order.ts';
import { isRelativePath } from './relative-path.ts';

/** One package of a lockfile: everything needed to fetch exactly these bytes again. */
export interface LockedPackage {
  name: string;
  /** The full version as the family writes it: `1:2.3-4` (deb), `1:2.3-4.fc42` (rpm). */
  version: string;
  architecture: string;
  /** Name of the source package: the unit that changes together. */
  source: string;
  /** Hex sha256 of the package file. */
  sha256: string;
  /** Bytes of the package file. */
  size: number;
  /** The repository's name in the config, or {@link overridesRepository}. */
  repository: string;
  /** The file's path below the repository's base address. */
  path: string;
}

/** Where a lock says that a local override comes from; `path` is then the file's name. */
export const overridesRepository = 'overrides';

/** The package managers' families. */
const packageFamilies = ['deb', 'rpm'] as const;
export type PackageFamily = (typeof packageFamilies)[number];

/** Every package of a container. Two may have one name: kernels of two versions, libraries of two architectures. */
export interface Lockfile {
  /** `undefined` for a lockfile of another tool, or of an older version. */
  family: PackageFamily | undefined;
  /** The distribution that the repositories are of, as os-release's ID has it: `debian`. `undefined` if nothing tells. */
  distribution?: string | undefined;
  /** The family's architecture name is in each package; this is the config's: `x86_64`, `aarch64`. */
  basearch: ArchitectureName;
  /** Sorted by {@link comparePackages}. */
  packages: readonly LockedPackage[];
  /** For what the config asks for by another name than a package's, such as a path: which of the packages answer to it. */
  answers?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Seconds since the epoch: the newest date that a repository's signed index carries. */
  repositoryTimestamp: number;
  /** The image whose manifests the config builds upon. */
  builder?: LockedBuilder | undefined;
}

/** What an image's name stood for when packages were locked. */
export interface LockedBuilder {
  /** As the config names it. */
  image: string;
  /** Of an index or a manifest. */
  digest: Digest;
}

const packageName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9+._-]*$/, 'expected a package name');

/** True for what a lockfile can hold as a package's name. */
export function isPackageName(text: string): boolean {
  return packageName.safeParse(text).success;
}

const evra = z.string().regex(/^\S+\.[A-Za-z0-9_-]+$/, 'expected VERSION.ARCHITECTURE');
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hexadecimal digits');

const packageFile = z.object({
  source: packageName,
  sha256,
  size: z.int().nonnegative(),
  repository: z.string().min(1),
  path: z.string().refine(isRelativePath, 'expected a path below the repository'),
});

const freeMetadata = z.record(z.string(), z.unknown());
const digest = z.string().regex(/^[a-z0-9]+:[0-9a-f]+$/, 'expected ALGORITHM:DIGEST');

/**
 * What rpm-ostree writes and reads, key by key: a version with or without the architecture, the digest of the file, and
 * whatever else somebody keeps there. https://github.com/coreos/rpm-ostree/blob/main/rust/src/lockfile.rs
 */
const pinEntry = z
  .strictObject({
    evra: evra.optional(),
    evr: z.string().regex(/^\S+$/, 'expected a version').optional(),
    digest: digest.nullish(),
    metadata: freeMetadata.nullish(),
  })
  .refine((entry) => (entry.evra === undefined) !== (entry.evr === undefined), 'expected one of evra and evr');

/** What this program adds, by which a package is fetched without asking a repository. */
const packageEntry = z.object({
  evra,
  digest: digest.optional(),
  metadata: packageFile.partial({ sha256: true }).extend({
    /** Further packages of the name: those who read `evra` alone need not know of them. */
    others: z.array(packageFile.extend({ evra })).optional(),
  }),
});

const lockedBuilder = z.object({
  image: z.string().min(1),
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/, 'expected a digest') as z.ZodType<Digest>,
});

const lockMetadata = z.object({
  family: z.enum(packageFamilies).optional(),
  distribution: z
    .string()
    .regex(/^[a-z0-9._-]+$/, 'expected the ID of a distribution')
    .optional(),
  basearch: z.enum(architectureNames),
  answers: z.record(z.string().min(1), z.array(packageName)).optional(),
  /** The newest date of the repositories' signed indexes: not the clock's, so that the same choice is the same file. */
  generated: z.iso.datetime(),
  builder: lockedBuilder.optional(),
});

const lockfileSchema = z.object({ packages: z.record(packageName, packageEntry), metadata: lockMetadata });

/** A lockfile of whatever program. */
export const lockPinsSchema = z.strictObject({
  packages: z.record(z.string().min(1), pinEntry),
  metadata: z
    .looseObject({
      family: lockMetadata.shape.family,
      basearch: lockMetadata.shape.basearch.optional(),
      builder: lockedBuilder.optional(),
    })
    .nullish(),
});

/** The text of a lockfile: sorted, indented, the same for the same lock. */
export function formatLockfile(lock: Lockfile): string {
  const byName = new Map<string, LockedPackage[]>();
  for (const item of [...lock.packages].sort(comparePackages)) {
    byName.set(item.name, [...(byName.get(item.name) ?? []), item]);
  }
  const packages = Object.fromEntries(
    [...byName].map(([name, items]) => {
      const [first, ...others] = items.map(entryOf);
      const { evra, sha256, ...file } = first as ReturnType<typeof entryOf>;
      return [name, { evra, digest: `sha256:${sha256}`, metadata: others.length === 0 ? file : { ...file, others } }];
    }),
  );
  const { family, distribution, basearch, answers = {}, builder } = lock;
  const sorted = Object.entries(answers).sort(([a], [b]) => compareBytes(a, b));
  const generated = `${new Date(lock.repositoryTimestamp * 1000).toISOString().slice(0, 19)}Z`;
  const told = {
    ...(family === undefined ? {} : { family }),
    ...(distribution === undefined ? {} : { distribution }),
    ...(sorted.length === 0 ? {} : { answers: Object.fromEntries(sorted) }),
    ...(builder === undefined ? {} : { builder: { image: builder.image, digest: builder.digest } }),
  };
  return prettyJson({ packages, metadata: { ...told, basearch, generated } });
}

function entryOf({ version, architecture, source, sha256, size, repository, path }: LockedPackage) {
  return { evra: `${version}.${architecture}`, source, sha256, size, repository, path };
}

/** By name, then architecture, then version as text: definite, whatever order they were found in. */
export function comparePackages(a: LockedPackage, b: LockedPackage): number {
  return (
    compareBytes(a.name, b.name) || compareBytes(a.architecture, b.architecture) || compareBytes(a.version, b.version)
  );
}

/** A package's version in a lockfile, and what its file must be. */
interface LockPin {
  version: string;
  /** `undefined` where any will do. */
  architecture: string | undefined;
  /** `sha256:…`; `undefined` where only the version counts. */
  digest: string | undefined;
}

/** A lockfile of a config. */
export interface LockDocument {
  /** By package; of those that are there twice, the first. */
  pins: ReadonlyMap<string, LockPin>;
  /** What the lock says of itself. */
  family: PackageFamily | undefined;
  basearch: ArchitectureName | undefined;
  builder: LockedBuilder | undefined;
  /** Where every package can be fetched from it without asking a repository. */
  lock: Lockfile | undefined;
}

/**
 * Parses a lockfile of rpm-ostree, coreos-assembler or this program.
 * @param file how errors name it
 * @throws CosaError `LOCKFILE_INVALID` (exit 2) with the path of the key that is wrong
 */
export function parseLockDocument(text: string, file: string): LockDocument {
  const fail: FaultError = (fault) => lockfileInvalid(file, faultText(fault, 'it '), fault.position);
  const value = parseJson(text, fail);
  const { packages, metadata } = checkDocument(lockPinsSchema, value, fail);
  const pins = Object.entries(packages).map(([name, entry]): [string, LockPin] => {
    const dot = entry.evra?.lastIndexOf('.');
    const version = entry.evra?.slice(0, dot) ?? entry.evr ?? '';
    return [name, { version, architecture: entry.evra?.slice((dot ?? 0) + 1), digest: entry.digest ?? undefined }];
  });
  const entries = Object.values(packages);
  // What has one path has them all: else the file is damaged, and not another's. Of no packages, the family tells.
  const isOurs =
    entries.length === 0
      ? metadata?.family !== undefined
      : entries.some((entry) => Object.hasOwn(entry.metadata ?? {}, 'path'));
  return {
    pins: new Map(pins),
    family: metadata?.family,
    basearch: metadata?.basearch,
    builder: metadata?.builder,
    lock: isOurs ? lockOf(checkDocument(lockfileSchema, value, fail), fail) : undefined,
  };
}

/**
 * Parses a lockfile that says where each package is fetched from.
 * @param file how errors name it
 * @throws CosaError `LOCKFILE_INVALID` (exit 2) with the path of the key that is wrong
 */
export function parseLockfile(text: string, file: string): Lockfile {
  const fail: FaultError = (fault) => lockfileInvalid(file, faultText(fault, 'it '), fault.position);
  return lockOf(parseDocument(lockfileSchema, text, fail), fail);
}

function lockOf({ packages, metadata }: z.output<typeof lockfileSchema>, fail: FaultError): Lockfile {
  const locked = Object.entries(packages).flatMap(
    ([
      name,
      {
        evra,
        digest,
        metadata: { others = [], ...first },
      },
    ]) => {
      const [algorithm, hex] = (digest ?? `sha256:${first.sha256 ?? ''}`).split(':');
      if (algorithm !== 'sha256' || !sha256.safeParse(hex).success || (first.sha256 ?? hex) !== hex) {
        throw fail({ field: `packages.${name}.digest`, reason: 'expected the sha256 of the file' });
      }
      return [{ ...first, evra, sha256: hex ?? '' }, ...others].map((entry) => lockedPackage(name, entry));
    },
  );
  const { family, distribution, basearch, answers, generated, builder } = metadata;
  const repositoryTimestamp = Math.floor(Date.parse(generated) / 1000);
  return {
    ...{ family, distribution, basearch, repositoryTimestamp },
    packages: locked.sort(comparePackages),
    ...(answers === undefined ? {} : { answers }),
    ...(builder === undefined ? {} : { builder }),
  };
}

function lockedPackage(
  name: string,
  { evra, ...file }: z.output<typeof packageFile> & { evra: string },
): LockedPackage {
  const dot = evra.lastIndexOf('.');
  return { name, version: evra.slice(0, dot), architecture: evra.slice(dot + 1), ...file };
}

/** The error for a lockfile that cannot be used. */
export function lockfileInvalid(file: string, message: string, position?: { line: number; column: number }): CosaError {
  return usageError('LOCKFILE_INVALID', `${basename(file)} is not a lockfile: ${message}`, {
    where: { file, ...position },
    hint: 'write it anew with "cosa fetch --update-lockfile"',
  });
}
