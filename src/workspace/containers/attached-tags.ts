import { type Digest, digestHex } from '../../lib/digest.ts';
import { mapParallel } from '../../lib/parallel.ts';
import { attempt } from '../../oci/attempt.ts';
import { isDiskImage } from '../../oci/disk-image.ts';
import type { ContentReader } from '../../oci/store.ts';
import { isMachineryTag } from '../../oci/tag.ts';
import { imagesAtOnce } from './images.ts';

/** The tags under which something is attached to containers, and to the disk images that refer to them. */
export async function attachedTags(reader: ContentReader, digests: readonly Digest[]): Promise<readonly string[]> {
  const disks = await mapParallel(digests, (digest) => attempt(() => reader.referrers(digest)), imagesAtOnce);
  const belongings = disks.flatMap(({ value = [] }) => value.filter(isDiskImage).map(({ digest }) => digest));
  const prefixes = [...digests, ...belongings].map((digest) => `sha256-${digestHex(digest)}`);
  return (await reader.tagNames()).filter(
    (tag) => isMachineryTag(tag) && prefixes.some((prefix) => tag.startsWith(prefix)),
  );
}
