import { pruneContainers } from '../../flows/containers/prune.ts';
import { openWorkDirectory } from '../../flows/work-directory.ts';
import { formatBytes, plural } from '../../lib/format.ts';
import type { PruneResult } from '../../oci/layout/prune.ts';
import { defineCommand } from '../command.ts';
import { wholeNumber } from '../parsers.ts';

export const prune = defineCommand({
  description:
    'Removes old builds from oci/ and whatever nothing refers to any more. The newest builds of each stream stay, and ' +
    'every container that has a tag besides its version (a stream, its candidate, your own), each with its test ' +
    'results. Waits until running builds are done.',
  configure: (command) =>
    command
      .requiredOption('--keep <count>', 'how many builds of each stream stay', wholeNumber(0, 1_000_000))
      .option('--dry-run', 'only say what would be removed'),
  examples: [
    { run: 'cosa prune --keep 5 --dry-run', does: 'Show what would go' },
    { run: 'cosa prune --keep 5', does: 'Keep the last five builds of each stream' },
  ],
  registries: true,
  run: async (context, _arguments, { keep, dryRun = false }) => {
    const work = await openWorkDirectory(context.directory);
    const result = await pruneContainers(context, work, { keep, dryRun });
    return { text: pruneText(result, dryRun), json: { ...result, dryRun } };
  },
});

function pruneText({ tags, blobs, bytes, leftovers }: PruneResult, dryRun: boolean): string {
  if (tags.length + blobs + leftovers === 0) return 'There is nothing to remove.';
  const rest = leftovers === 0 ? '' : ` and ${plural(leftovers, 'unfinished file')}`;
  const versions = tags.length === 0 ? 'no version' : tags.join(', ');
  return `${dryRun ? 'Would remove' : 'Removed'} ${versions}: ${plural(blobs, 'blob')}, ${formatBytes(bytes)}${rest}`;
}
