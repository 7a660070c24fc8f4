import type { Image } from '../../src/oci/image.ts';
import type { ContentReader } from '../../src/oci/store.ts';
import { type CommitDirectories, readDirectories } from '../../src/ostree/unpack/directories.ts';
import type { ContentEntry } from '../../src/ostree/unpack/layer-objects.ts';
import type { UnpackLimits } from '../../src/ostree/unpack/limits.ts';
import { unpackImage } from '../../src/ostree/unpack.ts';
import { silentReporter } from '../../src/progress/reporter.ts';

export interface UnpackedImage {
  commit: CommitDirectories;
  /** In the order in which they came. */
  contents: readonly (Omit<ContentEntry, 'content'> & { bytes: Buffer })[];
}

/** Unpacks a small image, with all of its contents. */
export async function unpackInMemory(
  reader: ContentReader,
  image: Image,
  limits?: UnpackLimits,
): Promise<UnpackedImage> {
  const contents: (Omit<ContentEntry, 'content'> & { bytes: Buffer })[] = [];
  let commit: CommitDirectories | undefined;
  await unpackImage(
    reader,
    image,
    async (tree) => {
      commit = await readDirectories(tree);
      return {
        async write({ content, ...entry }) {
          const chunks: Buffer[] = [];
          for await (const chunk of content()) chunks.push(Buffer.from(chunk));
          contents.push({ ...entry, bytes: Buffer.concat(chunks) });
        },
      };
    },
    silentReporter(),
    limits,
  );
  if (commit === undefined) throw new Error('nothing was unpacked');
  return { commit, contents };
}
