import type { Lockfile } from '../../contract/lockfile.ts';
import { lockfileDirectory } from '../../contract/paths.ts';
import { namedDiskImages } from '../../disk/distribution/offered.ts';
import type { Digest } from '../../lib/digest.ts';
import { CosaError } from '../../lib/errors.ts';
import { type Attempt, attempt } from '../../oci/attempt.ts';
import { type Image, imageEntries, readImage } from '../../oci/image.ts';
import type { OpenedReference } from '../../oci/open.ts';
import { hostPlatform } from '../../oci/platform.ts';
import type { ContentReader } from '../../oci/store.ts';
import type { UnusableTestResult } from '../../oci/test-result.ts';
import { type Annotations, mediaTypes } from '../../oci/types.ts';
import { layerComponents } from '../../ostree/encapsulate/image.ts';
import { operatingSystemOf, partsOfImage } from '../../ostree/unpack/base-layers.ts';
import { fileNames } from '../../ostree/unpack/commit-tree.ts';
import type { ImageTree } from '../../ostree/unpack/image-tree.ts';
import { readImageMetadata } from '../../ostree/unpack/read-files.ts';
import { type CommitSelinux, commitSelinux } from '../../ostree/unpack/selinux.ts';
import { runStep } from '../../progress/step.ts';
import { embeddedLockfile } from '../../workspace/containers/embedded-lockfile.ts';
import { imageTags } from '../../workspace/containers/images.ts';
import { type ContainerSummary, summarize, tagsByDigest } from '../../workspace/containers/summary.ts';
import { type TestStatus, testStatuses } from '../../workspace/containers/test-status.ts';
import { resolveReference } from '../../workspace/resolve-image.ts';
import type { Session } from '../../workspace/session.ts';
import { type InspectedDiskImage, inspectDiskImages } from './inspect/disk-images.ts';
import { type ReferringContent, readReferrers } from './inspect/referrers.ts';

export interface InspectedContainer extends ContainerSummary, ReferringContent {
  /** The reference that was asked for. */
  name: string;
  tags: readonly string[];
  labels: Annotations;
  /** Number of packages, of a derived container those of its operating system; `undefined` for one without lockfile. */
  packages: number | undefined;
  /** For a container that others have made of an operating system's. */
  derived: Derivation | undefined;
  /** Labels and policies, of a derived container those of its operating system; `undefined` if its metadata does not tell. */
  selinux: CommitSelinux | undefined;
  layerList: readonly InspectedLayer[];
  tests: readonly TestStatus[];
  /** Results that do not count, and why. */
  unusableTests: readonly UnusableTestResult[];
  /** What cannot be read, and why. */
  remarks: readonly string[];
}

interface Derivation {
  /** How many layers are on top of the operating system's. */
  layers: number;
  /** What it says that it was made of: a reference, and the digest that this had. */
  baseName: string | undefined;
  baseDigest: string | undefined;
}

interface InspectedLayer {
  digest: string;
  mediaType: string;
  size: number;
  /** Names of the packages and parts in it. */
  components: readonly string[];
}

/** Disk images that a reference names itself, and not a container. */
export interface InspectedDiskImages {
  /** The reference that was asked for. */
  name: string;
  /** Of the index, or of the one image. */
  digest: Digest;
  diskImages: readonly InspectedDiskImage[];
  /** What cannot be read, and why. */
  remarks: readonly string[];
}

/**
 * Everything that a container says of itself, and what others say of it; of an index of disk images what those are.
 * @param name a reference; the newest build of the work directory unless given
 * @throws CosaError what `resolveReference` and the readers throw
 */
export async function inspectReference(
  session: Session,
  directory: string,
  name: string | undefined,
): Promise<InspectedContainer | InspectedDiskImages> {
  const { reference } = await resolveReference(session, directory, name);
  const { reader, descriptor } = reference;
  const named = await namedDiskImages(reader, descriptor);
  const isIndex = descriptor.mediaType === mediaTypes.index;
  if (named.length > 0 && !(isIndex && (await imageEntries(reader, descriptor)).length > 0)) {
    const { images, remarks } = await inspectDiskImages(reader, named);
    return { name: reference.name, digest: descriptor.digest, diskImages: images, remarks };
  }
  return inspectContainer(session, reference);
}

async function inspectContainer(session: Session, reference: OpenedReference): Promise<InspectedContainer> {
  const { reader } = reference;
  const image = await readImage(reader, reference.descriptor, hostPlatform());
  const { digest } = image.descriptor;
  const { lock, selinux } = await runStep(session, 'read package list', () => readSystem(reader, image));
  const { tags, unreadable } = await imageTags(reader);
  const referring = await readReferrers(reader, digest);
  const components = layerComponents(image.manifest);
  const tests = await attempt(() => testStatuses(reader, digest));
  return {
    ...summarize(image),
    name: reference.name,
    tags: tagsByDigest(tags).get(reference.descriptor.digest) ?? [],
    labels: image.config.config?.Labels ?? {},
    packages: lock.value?.packages.length,
    derived: derivationOf(image),
    selinux: selinux.value,
    layerList: image.manifest.layers.map((layer, index) => ({
      digest: layer.digest,
      mediaType: layer.mediaType,
      size: layer.size,
      components: components[index] ?? [],
    })),
    tests: tests.value?.statuses ?? [],
    unusableTests: tests.value?.unusable ?? [],
    ...referring,
    remarks: [
      ...new Set([lock, selinux].flatMap(({ reason }) => reason ?? [])),
      ...unreadable.map(({ tag, reason }) => `the tag ${JSON.stringify(tag)}: ${reason}`),
      ...new Set([...referring.remarks, ...(tests.reason === undefined ? [] : [tests.reason])]),
    ],
  };
}

/** https://github.com/opencontainers/image-spec/blob/v1.1.0/annotations.md#pre-defined-annotation-keys */
function derivationOf(image: Image): Derivation | undefined {
  const { added } = operatingSystemOf(image);
  const { annotations = {} } = image.manifest;
  const said = (name: string) => annotations[`org.opencontainers.image.base.${name}`];
  return added === 0 ? undefined : { layers: added, baseName: said('name'), baseDigest: said('digest') };
}

interface OperatingSystem {
  lock: Attempt<Lockfile | undefined>;
  /** Undefined for an ordinary container, whose files would have to be read. */
  selinux: Attempt<CommitSelinux | undefined>;
}

/** What the operating system's part of a container tells. Of a damaged container, the rest is still worth showing. */
async function readSystem(reader: ContentReader, image: Image): Promise<OperatingSystem> {
  const { base } = operatingSystemOf(image);
  if (partsOfImage(base).ostree === undefined) return { lock: { value: undefined }, selinux: { value: undefined } };
  const see = (tree: ImageTree) => commitSelinux(tree, tree.commit);
  const tree = await attempt(() =>
    readImageMetadata(reader, base, async (read) => [
      await see(read),
      await fileNames(read, read.commit, lockfileDirectory),
    ]),
  );
  if (tree.value === undefined) return { lock: tree, selinux: tree };
  const { value } = tree;
  return { lock: await readPackageList(reader, base, value), selinux: await attempt(() => see(value)) };
}

async function readPackageList(
  reader: ContentReader,
  base: Image,
  tree: ImageTree,
): Promise<Attempt<Lockfile | undefined>> {
  try {
    return await attempt(() => embeddedLockfile(reader, base, tree));
  } catch (error) {
    const isOfContainer = error instanceof CosaError && error.code === 'LOCKFILE_INVALID';
    if (!isOfContainer) throw error;
    return { reason: `its list of packages: ${error.message}`, code: error.code };
  }
}
