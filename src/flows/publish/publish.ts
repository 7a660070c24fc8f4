import { labelNames } from '../../contract/labels.ts';
import { openGpgSigner } from '../../exec/tools/gpg.ts';
import type { ArchitectureName } from '../../lib/architecture.ts';
import { usageError } from '../../lib/errors.ts';
import { programName } from '../../lib/program.ts';
import { runStep } from '../../progress/step.ts';
import type { BuildToPublish } from '../../publish/build-to-publish.ts';
import { type PublicationPlan, planPublication, publishBuild } from '../../publish/publish-build.ts';
import type { StoreOptions } from '../../publish/store-environment.ts';
import { openObjectStore } from '../../publish/stores.ts';
import { describeContainer } from '../../workspace/disk-images/source-container.ts';
import { resolveAdmittedImage } from '../../workspace/resolve-image.ts';
import type { Session } from '../../workspace/session.ts';
import { imagesToPublish } from './publish/images-to-publish.ts';

export interface PublishOptions {
  /** Where the command runs. */
  directory: string;
  /** URL of the object store. */
  store: string;
  options: StoreOptions;
  /** Reference of the container; the newest build unless given. */
  from?: string | undefined;
  /** Which image of several; this machine's unless given. */
  architecture?: ArchitectureName | undefined;
  /** That of the container unless given. */
  stream?: string | undefined;
  /** Names of platforms; none for all images that there are. */
  platforms: readonly string[];
  /** Signs each file, and the list of checksums; nothing is signed unless given. */
  gpgKey?: string | undefined;
  /** Only say what would be done. */
  dryRun: boolean;
}

/** A file of a published image. */
interface PublishedFileResult {
  name: string;
  /** Bytes. */
  size: number;
  sha256: string;
  address: string;
  /** What was done, or would be: nothing is, where it is published already. */
  action: 'publish' | 'sign' | 'none';
}

export interface PublishResult {
  /** Where the build lies: `s3://bucket/prefix/prod/…`. */
  where: string;
  stream: string;
  version: string;
  architecture: string;
  /** Of the container. */
  container: string;
  images: readonly { platform: string; format: string; files: readonly PublishedFileResult[] }[];
  /** True if something was published or signed, or would be. */
  changed: boolean;
}

/**
 * Publishes the disk images of a build: those in `images/` of the work directory, or else those that lie in a registry beside
 * their container, which are not stored on the way. What is published already stays as it is, and costs next to nothing.
 * @throws CosaError `PUBLISH_STREAM` (exit 2) for a container without stream; what `openObjectStore`, `resolveAdmittedImage`,
 *   `imagesToPublish`, `openGpgSigner` and `publishBuild` throw
 */
export async function publish(session: Session, options: PublishOptions): Promise<PublishResult> {
  const { directory, from, architecture, gpgKey, dryRun } = options;
  await using store = await openObjectStore(options.store, options.options, session);
  const signer = gpgKey === undefined ? undefined : await openGpgSigner(gpgKey, session.stores.environment);
  const { work, reference, image } = await resolveAdmittedImage(session, directory, from, architecture);
  const container = describeContainer(image);
  const labels = image.config.config?.Labels ?? {};
  const stream = options.stream ?? (labels[labelNames.stream] || work.settings.stream);
  if (stream === undefined) {
    throw usageError('PUBLISH_STREAM', `the container ${container.digest} belongs to no stream`, {
      hint: 'name one with --stream',
    });
  }
  const repository = reference.place.imageName?.({}).repository;
  const build: BuildToPublish = {
    name: { stream, version: container.version, architecture: container.architecture },
    system: container.name,
    container: {
      ...(repository === undefined ? {} : { image: repository }),
      digest: container.digest,
      'ostree-commit': labels[labelNames.commit] ?? '',
    },
    images: await runStep(session, 'find disk images', (reporter) =>
      imagesToPublish(session, { directory, work, reference, container, platforms: options.platforms }, reporter),
    ),
    generator: programName,
  };
  const plan = await runStep(session, `compare with ${store.url}`, async (reporter) => {
    const planned = await planPublication(store, build, signer !== undefined, session.signal);
    if (planned.files.length === 0) reporter.note('all is published');
    return planned;
  });
  if (!dryRun && plan.files.length > 0) {
    await runStep(session, `publish to ${store.url}`, (reporter) => publishBuild(store, build, plan, signer, reporter));
  }
  return resultOf(build, plan, `${store.baseUrl}${plan.where.slice(store.url.length)}`);
}

function resultOf(build: BuildToPublish, { where, files }: PublicationPlan, address: string): PublishResult {
  return {
    where,
    ...build.name,
    container: build.container.digest,
    images: build.images.map((image) => ({
      platform: image.image.platform,
      format: image.image.format,
      files: image.image.files.map((file) => {
        const planned = files.find((one) => one.image === image && one.file === file);
        const { name, size, sha256 } = file;
        const action = planned === undefined ? 'none' : planned.isNew ? 'publish' : 'sign';
        return { name, size, sha256, address: `${address}/${name}`, action } as const;
      }),
    })),
    changed: files.length > 0,
  };
}
