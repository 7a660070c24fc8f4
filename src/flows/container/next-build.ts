import { join } from 'node:path';
import { cacheKinds } from '../../cache/kinds.ts';
import { labelNames } from '../../contract/labels.ts';
import { candidateTag } from '../../contract/tags.ts';
import { openScratch } from '../../exec/scratch.ts';
import type { CopySource } from '../../oci/copy/plan.ts';
import type { Image } from '../../oci/image.ts';
import { labelOf } from '../../oci/image.ts';
import { openLayoutForWriting } from '../../oci/layout.ts';
import { platformOf } from '../../oci/platform-index.ts';
import type { LocalStore } from '../../oci/store.ts';
import { imagesTagged, type Offer, tagImages } from '../../oci/tag-images.ts';
import { runStep } from '../../progress/step.ts';
import { waitForLock } from '../../progress/wait-for-lock.ts';
import type { Session } from '../../workspace/session.ts';
import { type Destination, parseDestination } from '../../workspace/transfer/destination.ts';
import { bringIn } from '../../workspace/transfer.ts';
import { ownPlace, type WorkDirectory } from '../../workspace/work-directory.ts';
import { chooseVersion } from './next-build/choose-version.ts';
import { type BuildInputs, readBuildInputs } from './next-build/inputs.ts';
import type { BuildOptions } from './next-build/options.ts';
import { findPrevious, type PreviousContainer } from './next-build/previous.ts';
import { pushBuild } from './next-build/push.ts';
import { type BuildResult, builtResult, type LocalResult, unchangedResult } from './next-build/result.ts';
import { attachSboms } from './next-build/sbom.ts';
import { checkVersion } from './next-build/version.ts';

/**
 * Makes the next OS container of a work directory from its config, packages and the previous container, and tags
 * it with its version and as the stream's candidate; then brings it to where `push` says. If no input has changed,
 * nothing is downloaded, unpacked or written. Must run as root or namespace root.
 * @throws CosaError what the config, the package backend, the rootfs steps, the layout and `transfer` throw
 */
export async function buildContainer(
  session: Session,
  work: WorkDirectory,
  options: BuildOptions,
): Promise<BuildResult> {
  // Before any work: where it goes must be clear, and under which name.
  if (options.version !== undefined) checkVersion(options.version);
  const destination = options.push === undefined ? undefined : parseDestination(options.push, work.root);
  // Two builds in one work directory: the second waits, and mostly finds its work done.
  await using _lock = await waitForLock(
    session,
    join(work.cache, 'build.lock'),
    'another build in this work directory',
  );
  const inputs = await readBuildInputs(session, work, options);
  await using store = await openLayoutForWriting(work.oci);
  const previous = await findPrevious(session, work, store, inputs, options.previous);
  const isKept =
    previous !== undefined &&
    !options.force &&
    isUnchanged(previous.image, inputs, options.version) &&
    (previous.admitted !== undefined || (await hasBlobs(store, previous.image)));
  const { from, image, result } = isKept
    ? await keepPrevious(session, { work, inputs, store, previous, options })
    : await buildNext(session, { work, inputs, store, previous, destination, options });
  const tags = [result.version, ...tagsOf(inputs, options)];
  return {
    ...result,
    reference: from.place.format({ digest: result.digest }),
    pushed: destination && (await pushBuild(session, { from, image, to: destination, tags, force: options.force })),
  };
}

interface Build {
  work: WorkDirectory;
  inputs: BuildInputs;
  store: LocalStore;
  previous: PreviousContainer | undefined;
  options: BuildOptions;
}

/** A container, built or found, and where it can be read. */
interface Outcome {
  from: CopySource;
  image: Image;
  result: LocalResult;
}

/** A previous container that lies elsewhere stays there: only tags of the user's own bring it here. */
async function keepPrevious(
  session: Session,
  { work, inputs, store, previous, options }: Build & { previous: PreviousContainer },
): Promise<Outcome> {
  const { image, reader, place, admitted } = previous;
  const from = { place, reader, descriptor: image.descriptor };
  if (admitted === undefined) {
    await setMissingTags(store, tagsOf(inputs, options), image);
    await attachSboms(session, store, image, inputs, options.sbom);
  } else if (options.tags.length > 0) {
    await bringIn(session, work, admitted, { tags: options.tags, extent: 'referrers' });
  }
  return { from, image, result: unchangedResult(image) };
}

async function buildNext(session: Session, build: Build & { destination: Destination | undefined }): Promise<Outcome> {
  const { work, inputs, store, previous, options } = build;
  const version = await chooseVersion(session, build);
  await using scratch = await openScratch(join(work.cache, cacheKinds.scratch.name));
  const request = { work, inputs, version, previous, store, scratch: scratch.path, options };
  // Loaded only here: mostly nothing has changed, and making a container takes more than all else together.
  const { makeContainer } = await import('./next-build/container.ts');
  const image = await makeContainer(session, request);
  await attachSboms(session, store, image, inputs, options.sbom);
  await runStep(session, 'tag container', async (reporter) => {
    const tags = [version, ...tagsOf(inputs, options)];
    // Nobody else has given the version meanwhile.
    await tagImages(store, tags, offerOf(image), options);
    reporter.note(tags.join(', '));
  });
  const from = { place: ownPlace(work), reader: store, descriptor: image.descriptor };
  return { from, image, result: builtResult(image, version, previous?.image) };
}

/** Besides the version. */
function tagsOf(inputs: BuildInputs, options: BuildOptions): string[] {
  return [...options.tags, candidateTag(inputs.stream)];
}

function isUnchanged(previous: Image, inputs: BuildInputs, version: string | undefined): boolean {
  return (
    labelOf(previous, labelNames.inputHash) === inputs.inputHash &&
    (version === undefined || version === labelOf(previous, labelNames.version))
  );
}

/** False if one is missing or cut off: then building again puts it right. */
async function hasBlobs(store: LocalStore, { manifest }: Image): Promise<boolean> {
  for (const { digest, size } of [manifest.config, ...manifest.layers]) {
    if (!(await store.hasBlob(digest, size))) return false;
  }
  return true;
}

/** Sets only those tags that do not offer it yet, so that an unchanged build writes nothing at all. */
async function setMissingTags(store: LocalStore, tags: readonly string[], image: Image): Promise<void> {
  const missing: string[] = [];
  for (const tag of tags) {
    const { same } = await imagesTagged(store, tag, [platformOf(image)]);
    if (same[0]?.descriptor.digest !== image.descriptor.digest) missing.push(tag);
  }
  if (missing.length > 0) await tagImages(store, missing, offerOf(image), { force: true });
}

function offerOf(image: Image): Offer {
  return { descriptor: image.descriptor, images: [image] };
}
