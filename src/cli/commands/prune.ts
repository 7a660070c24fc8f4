import { type PrunedContainers, pruneContainers } from '../../flows/container/prune.ts';
import { formatBytes, plural } from '../../lib/format.ts';
import { nothingBuilt, placeNamed } from '../../workspace/place.ts';
import { defineCommand } from '../command.ts';
import { wholeNumber } from '../parsers.ts';
import { line, lines, type Showable } from '../render/shown.ts';

export const prune = defineCommand({
  description:
    'Removes old builds from oci/, or from another place, and whatever nothing refers to any more. The newest builds of ' +
    'each stream stay, and every container that has a tag besides its version (a stream, its candidate, your own), each ' +
    'with its test results and signatures. In oci/ it waits until running builds are done; in a registry it removes ' +
    'manifests, if the registry lets it, and the registry collects their blobs.',
  configure: (command) =>
    command
      .usage('[options] --keep <count> [place]')
      .argument('[place]', "a registry's repository or a layout; oci/ unless given")
      .requiredOption('--keep <count>', 'how many builds of each stream stay', wholeNumber(0, 1_000_000))
      .option('--dry-run', 'only say what would be removed'),
  examples: [
    { run: 'cosa prune --keep 5 --dry-run', does: 'Show what would go' },
    { run: 'cosa prune --keep 5', does: 'Keep the last five builds of each stream' },
    {
      run: 'cosa prune --keep 30 --dry-run docker://registry.example.com/os/debian-coreos',
      does: 'Show what would go from a repository',
    },
  ],
  registries: true,
  run: async (context, [place], { keep, dryRun = false }) => {
    const named = await placeNamed(context.directory, place);
    if (place === undefined && (await nothingBuilt(named))) {
      return { text: 'no build yet: cosa ostree build', json: { tags: [], blobs: 0, bytes: 0, leftovers: 0, dryRun } };
    }
    const result = await pruneContainers(context, named, { keep, dryRun });
    return { text: pruneText(result, dryRun), json: { ...result, dryRun } };
  },
});

function pruneText(result: PrunedContainers, dryRun: boolean): Showable {
  const versions = result.tags.length === 0 ? 'no version' : result.tags.join(', ');
  const removed = `${dryRun ? 'Would remove' : 'Removed'} ${versions}:`;
  if ('manifests' in result) {
    return result.manifests === 0 ? nothing : `${removed} ${plural(result.manifests, 'manifest')}`;
  }
  const { tags, blobs, bytes, leftovers, unreadable } = result;
  const rest = leftovers === 0 ? '' : ` and ${plural(leftovers, 'unfinished file')}`;
  const kept = unreadable.map((reason) => line`no blob goes while this cannot be read: ${reason}`);
  const isNothing = tags.length + blobs + leftovers === 0;
  return lines([isNothing ? nothing : `${removed} ${plural(blobs, 'blob')}, ${formatBytes(bytes)}${rest}`, ...kept]);
}

const nothing = 'There is nothing to remove.';
