import { verificationError } from '../../lib/errors.ts';
import { mapParallel } from '../../lib/parallel.ts';
import { buildFileKey } from '../keys.ts';
import type { ObjectStore } from '../object-store.ts';
import type { PublishedImages } from '../published-images.ts';

/** Stores are waited for, most of the time. */
const askedAtOnce = 16;

/**
 * Looks whether all that published images name is in the store, as large as it must be.
 * @throws CosaError `RELEASE_MISSING_OBJECT` (exit 4), naming the first that is not
 */
export async function requireObjects(
  store: ObjectStore,
  builds: readonly PublishedImages[],
  signal?: AbortSignal,
): Promise<void> {
  const objects = builds.flatMap((build) =>
    build.images.flatMap(({ files }) =>
      files.flatMap(({ name, size, signature }) => [
        { key: buildFileKey(build, name), size },
        ...(signature === undefined ? [] : [{ key: buildFileKey(build, signature), size: undefined }]),
      ]),
    ),
  );
  await mapParallel(
    objects,
    async ({ key, size }, stop) => {
      const there = await store.stat(key, stop);
      if (there !== undefined && (size === undefined || there.size === size)) return;
      const how = there === undefined ? 'is not there' : `has ${there.size} bytes instead of ${size}`;
      throw verificationError('RELEASE_MISSING_OBJECT', `${store.url}/${key} ${how}: no metadata names it`, {
        hint: 'publish the build again: what is there already is not sent again',
      });
    },
    askedAtOnce,
    signal,
  );
}
