import { usageError } from '../../lib/errors.ts';
import { blocksOf } from './ext4/blocks.ts';
import { contentsOf } from './ext4/contents.ts';
import { finishExt4 } from './ext4/finish.ts';
import { geometryFor } from './ext4/geometry.ts';
import { lostAndFound } from './ext4/numbering.ts';
import { ext4Options } from './ext4/options.ts';
import type { Filesystem } from './filesystem.ts';

const longestLabel = 16;

/**
 * ext4, written by us: the host has no part in it. It grows while it is mounted, up to 4 TiB and on from there.
 *
 * Contents get blocks in the order in which they come. Where tables lie does not depend on how many contents will come, and
 * so the size is chosen last; the least one leaves 256 MiB free beside what is reserved for root (5 % of the blocks), and
 * 4096 inodes, so that a system can boot and grow it. All other metadata follows the contents. `-m` and `-i` of mke2fs are
 * permitted as options: reserved blocks in per cent, and bytes per inode.
 */
export const ext4: Filesystem = { name: 'ext4', tools: [], ownDirectory: lostAndFound, begin };

function begin(request: Parameters<Filesystem['begin']>[0]): ReturnType<Filesystem['begin']> {
  // Errors are rejections, also those that come at once.
  return Promise.resolve().then(() => {
    const options = ext4Options(request);
    if (Buffer.byteLength(request.label) > longestLabel) {
      throw usageError(
        'FILESYSTEM_LABEL',
        `the label ${JSON.stringify(request.label)} has more than ${longestLabel} bytes`,
      );
    }
    const geometry = geometryFor(options.bytesPerInode);
    const blocks = blocksOf(geometry);
    const contents = contentsOf(request.output, blocks);
    return {
      create: (size, isDense = false) => contents.create(size, isDense),
      reserve: contents.reserve,
      finish: (root, size) => finishExt4({ request, options, geometry, blocks, contents }, root, size),
      placeOf: contents.placeOf,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  });
}
