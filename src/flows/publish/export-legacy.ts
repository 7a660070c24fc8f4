import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openScratch } from '../../exec/scratch.ts';
import type { ArchitectureName } from '../../lib/architecture.ts';
import { createCleanup } from '../../lib/cleanup.ts';
import type { Digest } from '../../lib/digest.ts';
import { verificationError } from '../../lib/errors.ts';
import { formatBytes, plural } from '../../lib/format.ts';
import { runStep } from '../../progress/step.ts';
import { linkLatest } from '../../publish/legacy/latest.ts';
import { type LegacyArtifact, type LegacyMeta, legacyMeta } from '../../publish/legacy/meta.ts';
import { buildsDirectory } from '../../publish/legacy/paths.ts';
import {
  buildFileKey,
  isRecorded,
  readBuildsList,
  readMeta,
  recordBuild,
  requireMergeable,
} from '../../publish/legacy/records.ts';
import type { ObjectHeaders, ObjectStore } from '../../publish/object-store.ts';
import type { StoreOptions } from '../../publish/store-environment.ts';
import { openObjectStore } from '../../publish/stores.ts';
import { resolveAdmittedImage } from '../../workspace/resolve-image.ts';
import type { Session } from '../../workspace/session.ts';
import { describeBuild } from './export-legacy/describe-build.ts';
import { legacyImages } from './export-legacy/legacy-images.ts';
import { archiveFile, diskFile, manifestFile, type PendingFile } from './export-legacy/pending-file.ts';
import { registryName } from './export-legacy/registry-name.ts';

export interface ExportLegacyOptions {
  /** Where the command runs; relative paths start there. */
  directory: string;
  /** A directory, or the URL of an object store: `builds/` is made in it. */
  destination: string;
  store: StoreOptions;
  /** Reference of the container; the newest build unless given. */
  from?: string | undefined;
  /** Which image of several; this machine's unless given. */
  architecture?: ArchitectureName | undefined;
  /** Reference of the repository that the record is to name; that of `from` unless given. */
  repository?: string | undefined;
  /** Only say what would be written. */
  dryRun: boolean;
}

/** A file of the build. */
interface ExportedFile {
  artifact: string;
  name: string;
  /** Bytes; `undefined` for an archive that is not written yet. */
  size: number | undefined;
  /** True if it was there already. */
  present: boolean;
}

export interface ExportedBuild {
  /** URL of the place. */
  destination: string;
  id: string;
  architecture: string;
  /** Of the container. */
  digest: Digest;
  /** The repository that the record names; `undefined` for none. */
  repository: string | undefined;
  files: readonly ExportedFile[];
  /** True if something of the records was, or would be, changed. */
  changed: boolean;
}

/** For ever: a file of a version is never another one. https://www.rfc-editor.org/rfc/rfc8246 */
const fileHeaders: ObjectHeaders = {
  contentType: 'application/octet-stream',
  cacheControl: 'public, max-age=31536000, immutable',
};

/**
 * Writes a container, and the disk images that were made of it here, with the records that coreos-assembler has of a
 * build: for tools that read nothing else. Records are written after all that they name, and what others have recorded
 * there stays, even if they do so at the same time. Doing it again changes nothing.
 * @throws CosaError what `resolveAdmittedImage`, `describeBuild`, `registryName`, `openObjectStore` and `recordBuild` throw
 */
export async function exportLegacy(session: Session, options: ExportLegacyOptions): Promise<ExportedBuild> {
  const { directory, from, architecture, repository, dryRun } = options;
  const { work, reference, image } = await resolveAdmittedImage(session, directory, from, architecture);
  const build = describeBuild(image, reference.name);
  const registry = await registryName(session, { reference, image }, repository);
  if (registry === undefined) warnOfRegistry(session);
  await using store = await openObjectStore(storeUrl(directory, options.destination), options.store, session);
  const present = await readMeta(store, build.id, build.architecture, session.signal);
  const source = { reader: reference.reader, image };
  const disks = await legacyImages(work.images, { digest: build.digest, version: build.id });
  const pending = [
    archiveFile(session, source, build, present),
    await manifestFile(source, build),
    ...disks.map(diskFile),
  ];
  const place = { store, present, keyOf: (name: string) => buildFileKey(build.id, build.architecture, name) };
  await using cleanup = createCleanup();
  const scratch = async () => {
    const opened = await openScratch(join(work.cache, 'scratch'));
    cleanup.defer(() => opened[Symbol.asyncDispose]());
    return opened.path;
  };
  // Before anything is written: a version that is another build there must stay that.
  const known = Object.fromEntries(pending.flatMap(({ artifact, entry }) => (entry ? [[artifact, entry]] : [])));
  requireMergeable(store, present, legacyMeta({ ...build, registry, images: known }));
  const files: ExportedFile[] = [];
  const images: Record<string, LegacyArtifact> = {};
  for (const file of pending) {
    const isThere = await isPresent(place, file);
    const entry = isThere || dryRun ? file.entry : await upload(session, place, file, scratch);
    if (entry !== undefined) images[file.artifact] = entry;
    files.push({ artifact: file.artifact, name: file.name, size: entry?.size, present: isThere });
  }
  const made = legacyMeta({ ...build, registry, images });
  const changed = dryRun
    ? files.some(({ present: isThere }) => !isThere) || !(await isRecorded(store, { present, made }, session.signal))
    : await record(session, store, made, build.timestamp);
  const { id, digest } = build;
  return {
    destination: store.url,
    id,
    architecture: build.architecture,
    digest,
    repository: registry?.image,
    files,
    changed,
  };
}

/** Where the files go, and what its record says. */
interface BuildPlace {
  store: ObjectStore;
  present: LegacyMeta | undefined;
  keyOf: (name: string) => string;
}

/** True for what the record names and what is there with that length: the record was written after it. */
async function isPresent({ store, present, keyOf }: BuildPlace, { artifact, entry }: PendingFile): Promise<boolean> {
  if (entry === undefined) return false;
  const recorded = present?.images?.[artifact];
  if (recorded?.path !== entry.path || recorded.sha256 !== entry.sha256) return false;
  return (await store.stat(keyOf(entry.path)))?.size === entry.size;
}

/** @throws CosaError `LEGACY_BUILD_DIFFERS` (exit 4) if something else lies where the file is to go */
async function requireFree(store: ObjectStore, key: string, entry: LegacyArtifact & { size: number }): Promise<void> {
  const there = await store.stat(key);
  if (there === undefined) return;
  const isOther = there.size !== entry.size || (there.sha256 !== undefined && there.sha256 !== entry.sha256);
  if (!isOther && (there.sha256 ?? (await checksumOf(store, key))) === entry.sha256) return;
  throw verificationError('LEGACY_BUILD_DIFFERS', `${store.url}/${key} is there already, with other content`, {
    hint: "a file of a version is given once: look whose it is, and remove it if it is nobody's",
  });
}

async function checksumOf(store: ObjectStore, key: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of store.read(key)) hash.update(chunk);
  return hash.digest('hex');
}

async function upload(
  session: Session,
  { store, keyOf }: BuildPlace,
  file: PendingFile,
  scratch: () => Promise<string>,
): Promise<LegacyArtifact & { size: number }> {
  const { entry, source } = await file.prepare(scratch);
  await requireFree(store, keyOf(file.name), entry);
  await runStep(session, `write ${file.name}`, async ({ signal, progress, note }) => {
    let done = 0;
    const report = (bytes: number) => {
      done += bytes;
      progress(done, entry.size, 'bytes');
    };
    await store.upload(keyOf(file.name), source, fileHeaders, { report, signal });
    note(formatBytes(entry.size));
  });
  return entry;
}

/** @returns true if something of the records was changed */
async function record(
  session: Session,
  store: ObjectStore,
  made: ReturnType<typeof legacyMeta>,
  timestamp: string,
): Promise<boolean> {
  return runStep(session, `record the build in ${store.url}`, async ({ signal, note }) => {
    const { meta, list, builds } = await recordBuild(store, made, timestamp, signal);
    const newest = async () => (await readBuildsList(store, signal))?.builds[0]?.id;
    const linked =
      store.directory === undefined ? false : await linkLatest(join(store.directory, buildsDirectory), newest);
    note(plural(builds.builds.length, 'build'));
    return meta || list || linked;
  });
}

/** A path is a directory, whatever it looks like. */
function storeUrl(directory: string, destination: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(destination)
    ? destination
    : pathToFileURL(resolve(directory, destination)).href;
}

function warnOfRegistry(session: Session): void {
  session.events({
    type: 'warning',
    message: 'the record names no registry: release tools that ask for base-oscontainer find none',
    hint: 'name the repository that has the container: --repository docker://HOST/REPOSITORY',
  });
}
