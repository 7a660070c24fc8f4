import { CosaError } from '../../lib/errors.ts';
import { type Attempt, attempt } from '../../oci/attempt.ts';
import type { Image } from '../../oci/image.ts';
import type { ContentReader } from '../../oci/store.ts';
import type { UnusableTestResult } from '../../oci/test-result.ts';
import type { Annotations } from '../../oci/types.ts';
import { layerComponents } from '../../ostree/encapsulate/image.ts';
import type { Lockfile } from '../../packages/backend.ts';
import { runStep } from '../../pipeline/step.ts';
import { resolveImage } from '../resolve-image.ts';
import type { Session } from '../session.ts';
import { type BesideContainer, readBeside } from './beside.ts';
import { embeddedLockfile } from './embedded-lockfile.ts';
import { imageTags } from './images.ts';
import { type ContainerSummary, summarize, tagsByDigest } from './summary.ts';
import { type TestStatus, testStatuses } from './test-status.ts';

export interface InspectedContainer extends ContainerSummary, BesideContainer {
  /** The reference that was asked for. */
  name: string;
  tags: readonly string[];
  labels: Annotations;
  /** Number of packages; `undefined` for a container without lockfile. */
  packages: number | undefined;
  layerList: readonly InspectedLayer[];
  tests: readonly TestStatus[];
  /** Results that do not count, and why. */
  unusableTests: readonly UnusableTestResult[];
  /** What cannot be read, and why. */
  remarks: readonly string[];
}

interface InspectedLayer {
  digest: string;
  mediaType: string;
  size: number;
  /** Names of the packages and parts in it. */
  components: readonly string[];
}

/**
 * Everything that a container says of itself, and what others say of it.
 * @param name a reference; the newest build of the work directory unless given
 * @throws CosaError what `resolveImage` and the readers throw
 */
export async function inspectContainer(
  session: Session,
  directory: string,
  name: string | undefined,
): Promise<InspectedContainer> {
  const { reference, image } = await resolveImage(session, directory, name);
  const { reader } = reference;
  const { digest } = image.descriptor;
  const lock = await runStep(session, 'read package list', () => readPackageList(reader, image));
  const { tags, unreadable } = await imageTags(reader);
  const beside = await readBeside(reader, digest);
  const components = layerComponents(image.manifest);
  const tests = await attempt(() => testStatuses(reader, digest));
  return {
    ...summarize(image),
    name: reference.name,
    tags: tagsByDigest(tags).get(reference.descriptor.digest) ?? [],
    labels: image.config.config?.Labels ?? {},
    packages: lock.value?.packages.length,
    layerList: image.manifest.layers.map((layer, index) => ({
      digest: layer.digest,
      mediaType: layer.mediaType,
      size: layer.size,
      components: components[index] ?? [],
    })),
    tests: tests.value?.statuses ?? [],
    unusableTests: tests.value?.unusable ?? [],
    ...beside,
    remarks: [
      ...(lock.reason === undefined ? [] : [lock.reason]),
      ...unreadable.map(({ tag, reason }) => `the tag ${JSON.stringify(tag)}: ${reason}`),
      ...new Set([...beside.remarks, ...(tests.reason === undefined ? [] : [tests.reason])]),
    ],
  };
}

/** Of a container with layers of somebody else's, or a damaged one, the rest is still worth showing. */
async function readPackageList(reader: ContentReader, image: Image): Promise<Attempt<Lockfile | undefined>> {
  try {
    return await attempt(() => embeddedLockfile(reader, image));
  } catch (error) {
    const isOfContainer = error instanceof CosaError && ['IMAGE_DERIVED', 'LOCKFILE_INVALID'].includes(error.code);
    if (!isOfContainer) throw error;
    return { reason: `its list of packages: ${error.message}` };
  }
}
