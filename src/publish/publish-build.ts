import type { GpgSigner } from '../exec/tools/gpg.ts';
import { formatBytes, plural } from '../lib/format.ts';
import { sortByBytes } from '../lib/order.ts';
import { mapParallel } from '../lib/parallel.ts';
import type { Reporter } from '../progress/reporter.ts';
import { type FileToPublish, mergeBuild, placeOfBuild, planBuild } from './build-plan.ts';
import type { BuildToPublish } from './build-to-publish.ts';
import { buildFileKey, checksumsName, imagesKey, signatureKey } from './keys.ts';
import { checksumsHeaders, fileHeaders } from './object-headers.ts';
import type { ObjectStore } from './object-store.ts';
import { formatPublishedImages, type PublishedImages, parsePublishedImages } from './published-images.ts';
import { signedPass } from './signed-pass.ts';
import { readDocument, updateDocument } from './update.ts';

/** Each has several parts under way. */
const filesAtOnce = 2;

/** What is to be done to have a build published. */
export interface PublicationPlan {
  /** Where: `s3://bucket/prefix/prod/…`. */
  where: string;
  files: readonly FileToPublish[];
}

/**
 * Finds out what is missing of a build in a store.
 * @throws CosaError `PUBLISHED_DIFFERS`, `PUBLISHED_NEWER`, `PUBLISHED_INVALID` (exit 4), what the store throws
 */
export async function planPublication(
  store: ObjectStore,
  build: BuildToPublish,
  isSigned: boolean,
  signal: AbortSignal,
): Promise<PublicationPlan> {
  const document = await readDocument(store, imagesKey(build.name), undefined, signal);
  const current = document === undefined ? undefined : parse(store, build, document.text);
  const where = placeOfBuild(store.url, build);
  return { where, files: planBuild(build, current, isSigned, where) };
}

/**
 * Does what is to be done: files with their signatures first, then the list of checksums, and at last `images.json`, which
 * names them. Killed in between, nothing is named that is not there, and another run goes on.
 * @throws CosaError what {@link planPublication} and the store throw, `TOOL_FAILED` (exit 1) if gpg fails
 */
export async function publishBuild(
  store: ObjectStore,
  build: BuildToPublish,
  { where, files }: PublicationPlan,
  signer: GpgSigner | undefined,
  reporter: Reporter,
): Promise<void> {
  const total = files.reduce((sum, { file }) => sum + file.size, 0);
  let done = 0;
  reporter.progress(0, total, 'bytes');
  const report = (bytes: number) => {
    done += bytes;
    reporter.progress(done, total, 'bytes');
  };
  const signatures = new Map<string, string>();
  const upload = async ({ image, file }: FileToPublish, signal: AbortSignal): Promise<void> => {
    reporter.status(file.name);
    const key = buildFileKey(build.name, file.name);
    const source = { size: file.size, sha256: file.sha256, open: image.open(file.name) };
    if (signer === undefined) {
      await store.upload(key, source, fileHeaders(file.name), { report, signal });
      return;
    }
    const pass = signedPass(source, file.name, signer, signal);
    try {
      await store.upload(key, pass.source, fileHeaders(file.name), { report, signal });
      const name = signatureKey(file.name);
      await store.put(signatureKey(key), await pass.signature(), fileHeaders(name), { signal });
      signatures.set(file.name, name);
    } finally {
      await pass.cancel();
    }
  };
  await mapParallel(files, upload, filesAtOnce, reporter.signal);
  reporter.status('images.json');
  await updateDocument(
    store,
    imagesKey(build.name),
    async (text) => {
      const current = text === undefined ? undefined : parse(store, build, text);
      const images = mergeBuild(build, current, signatures, where);
      // Before what names the files: whoever is faster, the list has them all when the document has.
      await writeChecksums(store, build, images, signer, reporter);
      return Buffer.from(formatPublishedImages(images)).toString();
    },
    reporter.signal,
  );
  reporter.note(`${plural(files.length, 'file')}, ${formatBytes(total)}`);
}

/** As `sha256sum --check` reads it. */
async function writeChecksums(
  store: ObjectStore,
  { name }: BuildToPublish,
  { images }: Pick<PublishedImages, 'images'>,
  signer: GpgSigner | undefined,
  { signal, warn }: Reporter,
): Promise<void> {
  const lines = images.flatMap(({ files }) => files.map((file) => [file.name, file.sha256] as const));
  const sums = new Map(lines);
  const text = Buffer.from(
    sortByBytes(sums.keys())
      .map((file) => `${sums.get(file)}  ${file}\n`)
      .join(''),
  );
  const key = buildFileKey(name, checksumsName);
  await store.put(key, text, checksumsHeaders(false), { signal });
  if (signer === undefined) {
    if ((await store.stat(signatureKey(key), signal)) === undefined) return;
    // One that does not fit is worse than none.
    await store.remove(signatureKey(key), signal);
    warn(`${checksumsName} has changed, and is signed no more`, 'publish with --gpg-key once more');
    return;
  }
  const signature = await signer.begin(signal);
  await signature.write(text);
  await store.put(signatureKey(key), await signature.finish(), checksumsHeaders(true), { signal });
}

function parse(store: ObjectStore, { name }: BuildToPublish, text: string): PublishedImages {
  return parsePublishedImages(text, `${store.url}/${imagesKey(name)}`);
}
