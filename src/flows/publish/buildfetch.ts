import { join } from 'node:path';
import { openScratch } from '../../exec/scratch.ts';
import { waitFor } from '../../http/retry.ts';
import { type ArchitectureName, hostArchitecture } from '../../lib/architecture.ts';
import type { Digest } from '../../lib/digest.ts';
import { nearestHint } from '../../lib/document/validate.ts';
import { usageError, verificationError } from '../../lib/errors.ts';
import { formatBytes } from '../../lib/format.ts';
import { runStep } from '../../progress/step.ts';
import { downloadFile } from '../../publish/download/download-file.ts';
import type { BuildsList } from '../../publish/legacy/builds-list.ts';
import { type LegacyArtifact, type LegacyMeta, parseLegacyMeta } from '../../publish/legacy/meta.ts';
import { buildPath, metaName } from '../../publish/legacy/paths.ts';
import type { StoreOptions } from '../../publish/store-environment.ts';
import type { Session } from '../../workspace/session.ts';
import type { WorkDirectory } from '../../workspace/work-directory.ts';
import { isNotThere, type OpenedRecords, openRecords, readIfThere } from './buildfetch/open-records.ts';
import { type ImportedBuild, importContainer } from './import.ts';

export interface BuildfetchOptions {
  /** Where the command runs; a relative path starts there. */
  directory: string;
  /** A path or an address: of `builds/`, or of what it lies in. */
  url: string;
  store: StoreOptions;
  /** The newest of the architecture unless given. */
  build?: string | undefined;
  /** This machine's unless given. */
  architecture?: ArchitectureName | undefined;
  /** Let a version become another container. */
  force: boolean;
}

export interface FetchedBuild extends ImportedBuild {
  build: string;
  architecture: string;
  /** Where its container came from: the address of the archive, or a reference. */
  source: string;
}

/**
 * Imports the container of a build that is recorded as coreos-assembler does: the archive beside the record, with the
 * checksum that stands there, or else what the record names in a registry, by its digest.
 * @throws CosaError `LEGACY_BUILD_UNKNOWN`, `LEGACY_RECORD_MISSING` (exit 2), `LEGACY_RECORD_INVALID`, `LEGACY_RECORD_NEWER`,
 *   `LEGACY_CONTAINER_MISSING`, `DOWNLOAD_MISMATCH` (exit 4), what `openRecords` and `importContainer` throw
 */
export async function fetchBuild(
  session: Session,
  work: WorkDirectory,
  options: BuildfetchOptions,
): Promise<FetchedBuild> {
  const { architecture = hostArchitecture().name } = options;
  await using records = await openRecords(session, options);
  const build = chooseBuild(records, options.build, architecture);
  const base = `${records.address}/${buildPath(build, architecture)}`;
  const meta = await readMeta(session, records, `${base}/${metaName}`, build);
  await using scratch = await openScratch(join(work.cache, 'scratch'));
  const archive = await fetchArchive(session, records, { base, meta, directory: scratch.path });
  const reference = archive?.path ?? registryReference(meta, `${base}/${metaName}`);
  const imported = await importContainer(session, work, {
    directory: options.directory,
    source: reference,
    version: build,
    architecture,
    expected: expectedDigest(meta, archive !== undefined),
    force: options.force,
  });
  return { ...imported, build, architecture, source: archive?.address ?? reference };
}

/** @throws CosaError `LEGACY_BUILD_UNKNOWN` (exit 2) */
function chooseBuild(
  { list, address }: { list: BuildsList; address: string },
  wanted: string | undefined,
  architecture: string,
): string {
  const there = list.builds.filter(({ arches }) => arches.includes(architecture)).map(({ id }) => id);
  const found = wanted === undefined ? there[0] : there.find((id) => id === wanted);
  if (found !== undefined) return found;
  const hint = wanted === undefined ? undefined : nearestHint(wanted, there);
  const what = wanted === undefined ? 'no build' : `no build ${wanted}`;
  throw usageError('LEGACY_BUILD_UNKNOWN', `${address} has ${what} for ${architecture}`, {
    hint: hint ?? 'name another architecture with --arch',
  });
}

async function readMeta(
  { signal }: Session,
  { sources }: OpenedRecords,
  where: string,
  build: string,
): Promise<LegacyMeta> {
  const text = await readIfThere(sources, where, signal);
  if (text === undefined) {
    throw usageError('LEGACY_RECORD_MISSING', `the build ${build} has no record ${where}`, {
      hint: 'name another build with --build',
    });
  }
  const meta = parseLegacyMeta(text, where);
  if (meta.buildid === build) return meta;
  throw verificationError('LEGACY_RECORD_INVALID', `${where} is the record of ${meta.buildid}, and not of ${build}`);
}

/** Downloads the container's archive, if the record has one and it is there. */
async function fetchArchive(
  session: Session,
  { sources }: OpenedRecords,
  { base, meta, directory }: { base: string; meta: LegacyMeta; directory: string },
): Promise<{ path: string; address: string } | undefined> {
  const file = meta.images?.ostree;
  // Before containers, it was a tar of an ostree repository.
  if (!file?.path.endsWith('.ociarchive')) return undefined;
  const { path: name, sha256, size } = file;
  const address = `${base}/${name}`;
  const path = join(directory, 'container.ociarchive');
  try {
    await runStep(session, `download ${name}`, async ({ signal, progress, log, note }) => {
      const fetched = await downloadFile(
        sources,
        { address, sha256, partial: path },
        {
          signal,
          wait: session.stores.wait ?? waitFor,
          warn: log,
          progress: (done, total) => {
            refuseLonger(file, done, address);
            progress(done, size ?? total, 'bytes');
          },
        },
      );
      note(formatBytes(fetched.size));
    });
    return { path, address };
  } catch (error) {
    if (isNotThere(error)) return undefined;
    throw error;
  }
}

/** A server must not fill the disk with what cannot be the file any more. */
function refuseLonger({ size }: LegacyArtifact, done: number, address: string): void {
  if (size === undefined || done <= size) return;
  throw verificationError('DOWNLOAD_MISMATCH', `${address} has more than the ${size} bytes that its record says`);
}

/** @throws CosaError `LEGACY_CONTAINER_MISSING` (exit 4) */
function registryReference(meta: LegacyMeta, where: string): string {
  const { image, digest } = meta['base-oscontainer'] ?? {};
  if (image !== undefined && digest !== undefined) return `docker://${image}@${digest}`;
  throw verificationError(
    'LEGACY_CONTAINER_MISSING',
    `the container of ${where} is neither there as an archive nor named in a registry`,
    { hint: 'if you know where it lies, bring it here yourself: cosa import REFERENCE' },
  );
}

/** In a registry the container may have been converted to another format: then it has the digest that is noted for it. */
function expectedDigest(meta: LegacyMeta, isArchive: boolean): Digest | undefined {
  const manifest = meta.images?.['oci-manifest']?.sha256;
  if (isArchive) return manifest === undefined ? undefined : `sha256:${manifest}`;
  return meta['base-oscontainer']?.digest;
}
