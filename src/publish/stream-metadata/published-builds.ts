import { usageError, verificationError } from '../../lib/errors.ts';
import { sortByBytes } from '../../lib/order.ts';
import { type BuildName, buildsPrefix, imagesKey, parseImagesKey, versionPrefix } from '../keys.ts';
import { compareVersions } from '../metadata/version-order.ts';
import { mostDocumentBytes, type ObjectStore } from '../object-store.ts';
import { type PublishedImages, parsePublishedImages } from '../published-images.ts';
import { readDocument } from '../update.ts';

/** What the keys of all builds begin with. */
const allStreams = 'prod/streams/';

/**
 * The stream of which something is published in a store, if it is one.
 * @throws CosaError `RELEASE_NOTHING`, `STREAM_AMBIGUOUS` (exit 2)
 */
export async function onlyPublishedStream(store: ObjectStore, signal?: AbortSignal): Promise<string> {
  const streams = new Set((await publishedNames(store, undefined, signal)).map(({ stream }) => stream));
  const [stream, ...others] = sortByBytes(streams);
  if (stream === undefined) throw nothing(`${store.url} holds no published images`);
  if (others.length === 0) return stream;
  throw usageError('STREAM_AMBIGUOUS', `${store.url} has several streams: ${[stream, ...others].join(', ')}`, {
    hint: 'name one of them with --stream',
  });
}

/**
 * The newest version of which something is published.
 * @throws CosaError `RELEASE_NOTHING` (exit 2)
 */
export async function newestPublishedVersion(
  store: ObjectStore,
  stream: string,
  signal?: AbortSignal,
): Promise<string> {
  const names = await publishedNames(store, buildsPrefix(stream), signal);
  const newest = names
    .map(({ version }) => version)
    .sort(compareVersions)
    .at(-1);
  if (newest === undefined) throw nothing(`${store.url} holds no published images of the stream ${stream}`);
  return newest;
}

/**
 * What is published of a version, of each architecture; in the order of their names.
 * @throws CosaError `RELEASE_NOTHING` (exit 2), `RELEASE_INCONSISTENT` (exit 4) if they do not belong together, what
 *   `parsePublishedImages` and the store throw
 */
export async function publishedBuilds(
  store: ObjectStore,
  { stream, version }: Pick<BuildName, 'stream' | 'version'>,
  signal?: AbortSignal,
): Promise<[PublishedImages, ...PublishedImages[]]> {
  const builds: PublishedImages[] = [];
  for (const name of await publishedNames(store, versionPrefix({ stream, version }), signal)) {
    const key = imagesKey(name);
    const document = await readDocument(store, key, mostDocumentBytes, signal);
    if (document === undefined) continue;
    const images = parsePublishedImages(document.text, `${store.url}/${key}`);
    requireNamed(images, name, `${store.url}/${key}`);
    builds.push(images);
  }
  const [first, ...others] = builds;
  if (first === undefined) {
    throw nothing(`${store.url} holds no published images of version ${version} of the stream ${stream}`);
  }
  for (const other of others) {
    if (other.name === first.name) continue;
    throw verificationError(
      'RELEASE_INCONSISTENT',
      `version ${version} of the stream ${stream} is of ${first.name} for ${first.architecture}, and of ${other.name} for ${other.architecture}`,
      { hint: 'products need prefixes or streams of their own: remove what does not belong there' },
    );
  }
  return [first, ...others];
}

/** The builds of which something is published. @param prefix of the keys that are looked at; those of all streams unless given */
export async function publishedNames(
  store: ObjectStore,
  prefix = allStreams,
  signal?: AbortSignal,
): Promise<BuildName[]> {
  const names: BuildName[] = [];
  for await (const { key } of store.list(prefix, signal)) {
    const name = parseImagesKey(key);
    if (name !== undefined) names.push(name);
  }
  return names;
}

function requireNamed(images: PublishedImages, name: BuildName, where: string): void {
  for (const part of ['stream', 'version', 'architecture'] as const) {
    if (images[part] === name[part]) continue;
    throw verificationError('RELEASE_INCONSISTENT', `${where} says that its ${part} is ${images[part]}`, {
      hint: 'it lies in the place of another build: look what has put it there',
    });
  }
}

function nothing(message: string) {
  return usageError('RELEASE_NOTHING', message, { hint: 'publish the images of a build first: cosa publish STORE' });
}
