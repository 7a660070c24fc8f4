import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { openCache, readCachedText } from '../cache/cache.ts';
import { type DirectoryCache, directoryCache } from '../cache/directories.ts';
import { stepKey } from '../cache/key.ts';
import { cacheKinds } from '../cache/kinds.ts';
import {
  type BaseManifest,
  baseManifestAt,
  baseManifestNames,
  baseManifestsPath,
  hasWholeManifest,
} from '../config/base-manifest.ts';
import type { ConfigSelection } from '../config/selection.ts';
import type { LockedBuilder } from '../contract/lockfile.ts';
import type { ArchitectureName } from '../lib/architecture.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import { type Digest, isDigest } from '../lib/digest.ts';
import { makeDirectory } from '../lib/directories.ts';
import { CosaError, type SourcePosition, usageError } from '../lib/errors.ts';
import { formatBytes } from '../lib/format.ts';
import { exists } from '../lib/if-exists.ts';
import { type Image, readImage } from '../oci/image.ts';
import { type OpenedReference, openReference } from '../oci/open.ts';
import { platformFor } from '../oci/platform.ts';
import { admitImage } from '../oci/policy.ts';
import { findReference, namesPlace } from '../oci/reference.ts';
import type { Reference } from '../oci/transports/transport.ts';
import type { Descriptor } from '../oci/types.ts';
import { mediaTypes } from '../oci/types.ts';
import type { DirectoryFiles } from '../ostree/unpack/image-directory.ts';
import { runStep } from '../progress/step.ts';
import type { Session } from './session.ts';

/** An image whose manifests are wanted. */
interface BuilderImage {
  /** A reference; that of a registry may come without `docker://`. */
  name: string;
  /** Where it was said. */
  where?: SourcePosition | undefined;
  /** What relative paths in it start from. */
  directory: string;
  /** The digest that its tag was once resolved to, of the lockfile. */
  pinned?: Digest | undefined;
}

interface BuilderImageOptions {
  /** The work directory whose policy holds. */
  root: string;
  /** A work directory's `cache/`, or another directory. */
  cacheDirectory: string;
  architecture: ArchitectureName;
  /** Ask anew what a tag points to. */
  refresh?: boolean | undefined;
}

/** Where a config's base manifest is looked for. */
export interface BaseManifestRequest extends BuilderImageOptions {
  selection: ConfigSelection;
  /** What a person says: a path, or a reference; what relative ones start from. The config's builder image unless given. */
  named?: { name: string; directory: string } | undefined;
  /** What the lockfile says of its builder image. */
  locked?: LockedBuilder | undefined;
}

/**
 * The manifest that a config builds upon, and the image that it is of, if it is of one.
 * @throws CosaError as {@link fetchBaseManifest}, and `BASE_MANIFEST_MISSING` (exit 2) for a path without one
 */
export async function findBaseManifest(
  session: Session,
  request: BaseManifestRequest,
): Promise<{ manifest: BaseManifest | undefined; builder: LockedBuilder | undefined }> {
  const { named, selection, locked } = request;
  if (named !== undefined && !namesPlace(named.name)) {
    const path = resolve(named.directory, named.name);
    const manifest = await baseManifestAt(path);
    if (await exists(join(manifest.directory, manifest.entry))) return { manifest, builder: undefined };
    throw usageError('BASE_MANIFEST_MISSING', `there is no manifest in ${path}`, {
      hint: `name a manifest, or a directory with a manifest.yaml or ${baseManifestNames[0]}; an image is docker://… or oci:…`,
    });
  }
  const image = named ?? (selection.builderImage && { ...selection.builderImage, directory: selection.base });
  if (image === undefined) return { manifest: undefined, builder: undefined };
  const pinned = locked?.image === image.name ? locked.digest : undefined;
  const manifest = await fetchBaseManifest(session, { ...image, pinned }, request);
  return { manifest, builder: { image: image.name, digest: manifest.digest } };
}

/** The manifests of an image, in the cache. */
interface FetchedBaseManifest extends BaseManifest {
  /** What the image's name stood for: of an index or a manifest. */
  digest: Digest;
}

/**
 * Brings the manifests of a builder image into the cache, under its digest; if they are there, no registry is asked but for
 * signatures that a policy wants. A tag without a digest stands for what it pointed to when it was first asked for.
 * @throws CosaError `BASE_MANIFEST_MISSING` (exit 2) for an image without them or a far too large one, `REFERENCE_INVALID`, and what `openReference`,
 *   `readImage`, `admitImage` and `readImageDirectory` throw
 */
async function fetchBaseManifest(
  session: Session,
  image: BuilderImage,
  options: BuilderImageOptions,
): Promise<FetchedBaseManifest> {
  const reference = await referenceOf(image);
  return runStep(session, 'read base manifest', async (reporter) => {
    await using cache = directoryCache(options.cacheDirectory, cacheKinds.baseManifests, session);
    const known = reference.digest ?? (await knownDigest(image, options));
    const said = (digest: Digest) => (reference.digest === undefined ? `${image.name} is ${digest}` : image.name);
    const kept = known === undefined ? undefined : await findKept(cache, known, options.architecture);
    if (kept !== undefined) {
      await admitImage(session, options.root, await openKept(session, image, reference, kept), kept.image);
      reporter.note(`${said(kept.digest)}, in the cache`);
      return await baseManifestIn(kept.directory, kept.digest);
    }
    const place = reference.placeIn(image.directory);
    const name = known === undefined ? textOf(image) : place.format({ digest: known });
    const opened = await openReference(name, image.directory, session.registries);
    const read = await readImage(opened.reader, opened.descriptor, platformFor(options.architecture));
    await admitImage(session, options.root, opened, read.descriptor);
    requireReasonableSize(image, read);
    const { digest } = opened.descriptor;
    // Loaded only here: mostly the manifests are in the cache.
    const { readImageDirectory } = await import('../ostree/unpack/image-directory.ts');
    const directory = await cache.fill(keyOf(digest, options.architecture), async (made) => {
      const files = await readImageDirectory(opened.reader, read, baseManifestsPath, {
        isWhole: hasWholeManifest,
        reporter,
      });
      if (!baseManifestNames.some((entry) => files.has(entry))) throw missing(image, files);
      await writeManifests(made, files);
      await writeFile(join(made, recordName), canonicalJson(recordOf(read)));
    });
    if (reference.digest === undefined) await keepDigest(image, digest, options);
    reporter.note(said(digest));
    return await baseManifestIn(directory, digest);
  });
}

/** What registries' images are called elsewhere says nothing of a transport. */
function textOf({ name }: BuilderImage): string {
  return namesPlace(name) ? name : `docker://${name}`;
}

async function referenceOf(image: BuilderImage): Promise<Reference> {
  try {
    return await findReference(textOf(image), image.directory);
  } catch (error) {
    if (!(error instanceof CosaError) || image.where === undefined) throw error;
    const hint = error.hint ?? 'write REGISTRY/IMAGE@DIGEST';
    throw usageError('REFERENCE_INVALID', error.message, { where: image.where, hint, cause: error });
  }
}

/** Compressed bytes of a builder image: if it has no manifests, all of it is read before that is known. Real ones have 1 to 3 GB. */
const maximumBuilderBytes = 8e9;

function requireReasonableSize({ name, where }: BuilderImage, { manifest }: Image): void {
  const size = manifest.layers.reduce((sum, layer) => sum + layer.size, 0);
  if (size <= maximumBuilderBytes) return;
  throw usageError(
    'BASE_MANIFEST_MISSING',
    `the image ${name} has ${formatBytes(size)}: manifests are looked for in images of at most ${formatBytes(maximumBuilderBytes)}`,
    { ...(where === undefined ? {} : { where }), hint: builderHint },
  );
}

const builderHint =
  'name an image that was built with bootc-base-imagectl, or the manifests themselves: --base-manifest DIRECTORY';

function missing({ name, where }: BuilderImage, files: DirectoryFiles) {
  const found =
    files.size === 0 ? `has no ${baseManifestsPath}` : `has no ${baseManifestNames[0]} in ${baseManifestsPath}`;
  return usageError('BASE_MANIFEST_MISSING', `the image ${name} ${found}`, {
    ...(where === undefined ? {} : { where }),
    hint: builderHint,
  });
}

/** Beside the manifests: which image they are of, so that a policy can be asked about it again. */
const recordName = 'image.json';
const manifestsName = 'manifests';

const recordSchema = z.object({
  digest: z.custom<Digest>((value) => typeof value === 'string' && isDigest(value)),
  size: z.int().nonnegative(),
});

function recordOf({ descriptor }: Image): z.output<typeof recordSchema> {
  return { digest: descriptor.digest, size: descriptor.size };
}

interface KeptManifests {
  digest: Digest;
  image: Descriptor;
  directory: string;
}

async function findKept(
  cache: DirectoryCache,
  digest: Digest,
  architecture: ArchitectureName,
): Promise<KeptManifests | undefined> {
  const directory = await cache.find(keyOf(digest, architecture));
  if (directory === undefined) return undefined;
  const record = recordSchema.parse(JSON.parse(await readFile(join(directory, recordName), 'utf8')));
  return { digest, directory, image: { mediaType: mediaTypes.manifest, ...record } };
}

/** Opened without asking anything. */
async function openKept(
  session: Session,
  image: BuilderImage,
  reference: Reference,
  { digest, image: descriptor }: KeptManifests,
): Promise<OpenedReference> {
  const place = reference.placeIn(image.directory);
  const selector = { tag: reference.tag, digest };
  return { name: textOf(image), selector, place, reader: await place.open(session.registries), descriptor };
}

async function baseManifestIn(directory: string, digest: Digest): Promise<FetchedBaseManifest> {
  const manifests = join(directory, manifestsName);
  const names = JSON.parse(await readFile(join(directory, entriesName), 'utf8')) as string[];
  const entry = baseManifestNames.find((name) => names.includes(name)) ?? 'minimal-plus.yaml';
  return { directory: manifests, entry, isForeign: true, digest };
}

const entriesName = 'names.json';

function keyOf(digest: Digest, architecture: ArchitectureName): string {
  return stepKey('base-manifest/1', { digest, architecture });
}

/** Only files in their own places, and links that stay among them. */
async function writeManifests(directory: string, files: DirectoryFiles): Promise<void> {
  const root = join(directory, manifestsName);
  await mkdir(root);
  for (const [path, file] of files) {
    const parents = path.split('/').slice(0, -1);
    if (parents.some((_, index) => files.has(parents.slice(0, index + 1).join('/')))) continue;
    await makeDirectory(dirname(join(root, path)));
    if (file.kind === 'file') await writeFile(join(root, path), file.content, { flag: 'wx' });
    else if (staysInside(parents.length, file.target)) await symlink(file.target, join(root, path));
  }
  await writeFile(join(directory, entriesName), canonicalJson([...files.keys()].filter((path) => !path.includes('/'))));
}

/** @param depth how many directories lie above the link */
function staysInside(depth: number, target: string): boolean {
  const [, up = '', rest = ''] = /^((?:\.\.\/)*)(.*)$/s.exec(target) ?? [];
  return up.length / 3 <= depth && rest !== '' && !rest.startsWith('/') && !rest.split('/').includes('..');
}

async function knownDigest(image: BuilderImage, options: BuilderImageOptions): Promise<Digest | undefined> {
  if (image.pinned !== undefined) return image.pinned;
  if (options.refresh === true) return undefined;
  const kept = await readCachedText(options.cacheDirectory, cacheKinds.lock, pinName(image, options));
  return kept !== undefined && isDigest(kept) ? kept : undefined;
}

async function keepDigest(image: BuilderImage, digest: Digest, options: BuilderImageOptions): Promise<void> {
  await using cache = await openCache(options.cacheDirectory, cacheKinds.lock);
  await cache.writeText(pinName(image, options), digest);
  await cache.trim();
}

function pinName({ name, directory }: BuilderImage, { architecture }: BuilderImageOptions): string {
  return `${stepKey('builder-image/1', { name, directory, architecture })}.digest`;
}
