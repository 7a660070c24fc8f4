import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalJson } from '../../../src/lib/canonical-json.ts';
import type { Repository } from '../../../src/oci/registries.ts';
import { attachTestResult } from '../../../src/oci/test-result.ts';
import { type Descriptor, mediaTypes } from '../../../src/oci/types.ts';
import type { Session } from '../../../src/workspace/session.ts';
import { storeImage } from '../../helpers/image.ts';
import { silentSession } from '../../helpers/session.ts';
import { passedResult } from '../../helpers/test-result.ts';
import { startTestingRegistry, type TestingRegistry } from '../../helpers/testing-registry.ts';

/** A repository with a stream, and a machine that has nothing but its name. */
export interface StreamScene extends AsyncDisposable {
  session: Session;
  registry: TestingRegistry;
  repository: Repository;
  /** `docker://HOST/os/example`. */
  reference: string;
  /** An empty directory: no work directory anywhere. */
  nowhere: string;
}

export const repositoryName = 'os/example';

export async function openStreamScene(): Promise<StreamScene> {
  const session = silentSession();
  const nowhere = await mkdtemp(join(tmpdir(), 'cosa-nowhere-'));
  const registry = await startTestingRegistry();
  return {
    session,
    registry,
    repository: await session.registries.repository(registry.host, repositoryName),
    reference: `docker://${registry.host}/${repositoryName}`,
    nowhere,
    [Symbol.asyncDispose]: async () => {
      await registry[Symbol.asyncDispose]();
      await rm(nowhere, { recursive: true });
    },
  };
}

/** Leaves a build in the repository: tagged with its version and as the stream's candidate. */
export async function push(
  { repository }: StreamScene,
  version: string,
  layers: readonly string[] = [version],
  architecture = 'amd64',
): Promise<Descriptor> {
  const contents = layers.map((layer) => Buffer.from(layer));
  const labels = { 'org.opencontainers.image.version': version, 'com.coreos.stream': 'stable' };
  const image = await storeImage(repository, contents, labels, architecture);
  await repository.setTags([version, 'stable-candidate'], image);
  return image;
}

export async function passTests({ repository }: StreamScene, image: Descriptor): Promise<Descriptor> {
  return attachTestResult(repository, image, passedResult(image));
}

/** Offers an image for amd64 and one for arm64 under one tag. */
export async function pushIndex(
  { repository }: StreamScene,
  tag: string,
  images: readonly Descriptor[],
): Promise<Descriptor> {
  const architectures = ['amd64', 'arm64'];
  const manifests = images.map(({ mediaType, digest, size, artifactType }, index) => ({
    mediaType,
    digest,
    size,
    ...(artifactType === undefined ? {} : { artifactType }),
    platform: { os: 'linux', architecture: architectures[index] },
  }));
  const text = canonicalJson({ schemaVersion: 2, mediaType: mediaTypes.index, manifests });
  const index = await repository.putManifest(text, mediaTypes.index);
  await repository.setTags([tag], index);
  return index;
}
