import { type PrunedContainers, pruneContainers } from '../../flows/container/prune.ts';
import { type PrunedCache, pruneCache } from '../../flows/work-directory/prune-cache.ts';
import { usageError } from '../../lib/errors.ts';
import { formatBytes, formatCount, plural } from '../../lib/format.ts';
import { nothingBuilt, placeNamed } from '../../workspace/place.ts';
import { openCachedDirectory } from '../../workspace/work-directory.ts';
import { defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { size, wholeNumber } from '../parsers.ts';
import { line, lines, type Showable } from '../render/shown.ts';
import type { Style } from '../render/style.ts';
import { table } from '../render/table.ts';

export const prune = defineCommand({
  description:
    'Removes old builds from oci/, or from another place, and whatever nothing refers to any more. The newest builds of ' +
    'each stream stay, and every container that has a tag besides its version (a stream, its candidate, your own), each ' +
    'with its test results and signatures. In oci/ it waits until running builds are done; in a registry it removes ' +
    'manifests, if the registry lets it, and the registry collects their blobs. With --cache it makes room in the work ' +
    "directory's cache/, which only saves time: what was used longest ago goes first, whatever a running command uses " +
    'stays, and nobody is waited for. Without --keep, --cache removes no build.',
  configure: (command) =>
    command
      .usage('[options] --keep <count> [place]')
      .argument('[place]', "a registry's repository or a layout; oci/ unless given")
      .option('--keep <count>', 'how many builds of each stream stay', wholeNumber(0, 1_000_000))
      .option('--cache', 'make room in cache/; without --keep in nothing else')
      .option('--keep-size <size>', 'with --cache: how much stays, such as 10G or 500MiB; nothing unless given', size)
      .option('--dry-run', 'only say what would be removed'),
  examples: [
    { run: 'cosa prune --keep 5 --dry-run', does: 'Show what would go' },
    { run: 'cosa prune --keep 5', does: 'Keep the last five builds of each stream' },
    {
      run: 'cosa prune --keep 30 --dry-run docker://registry.example.com/os/debian-coreos',
      does: 'Show what would go from a repository',
    },
    { run: 'cosa prune --cache --dry-run', does: 'Show what lies in cache/, and how much of it is in use' },
    { run: 'cosa prune --cache --keep-size 10G', does: 'Make room in cache/ and nowhere else, until 10 GiB are left' },
    { run: 'cosa prune --keep 5 --cache', does: 'Remove old builds, and empty cache/' },
  ],
  registries: true,
  namespace: ({ cache }) => cache === true,
  run: async (context, [place], { keep, cache = false, keepSize, dryRun = false }) => {
    if (keep === undefined && !cache) {
      throw usageError('COMMAND_LINE', 'nothing says what may go', {
        hint: 'say --keep COUNT for builds, --cache for what is kept in cache/; see cosa prune --help',
      });
    }
    if (keepSize !== undefined && !cache) {
      throw usageError('OPTION_CONFLICT', '--keep-size says how much of cache/ stays, and nothing of it is to go', {
        hint: 'add --cache, or leave --keep-size out',
      });
    }
    if (keep === undefined && place !== undefined) {
      throw usageError('OPTION_CONFLICT', `--cache is about the work directory's cache/, and ${place} has none`, {
        hint: `add --keep COUNT, or leave ${place} out`,
      });
    }
    const containers = keep === undefined ? undefined : await containersOf(context, place, { keep, dryRun });
    const cached = cache
      ? await pruneCache(context, await openCachedDirectory(context.directory), { keepBytes: keepSize, dryRun })
      : undefined;
    return {
      text: lines([
        ...(containers ? [containers.text] : []),
        ...(cached ? [cacheText(cached, dryRun, context.style)] : []),
      ]),
      json: { ...containers?.json, ...(cached && { cache: cacheJson(cached) }), dryRun },
    };
  },
});

async function containersOf(
  context: Context,
  place: string | undefined,
  options: { keep: number; dryRun: boolean },
): Promise<{ text: Showable; json: object }> {
  const named = await placeNamed(context.directory, place);
  if (place === undefined && (await nothingBuilt(named))) {
    return { text: 'no build yet: cosa ostree build', json: { tags: [], blobs: 0, bytes: 0, leftovers: 0 } };
  }
  const result = await pruneContainers(context, named, options);
  return { text: pruneText(result, options.dryRun), json: result };
}

function pruneText(result: PrunedContainers, dryRun: boolean): Showable {
  const versions = result.tags.length === 0 ? 'no version' : result.tags.join(', ');
  const removed = `${removes(dryRun)} ${versions}:`;
  if ('manifests' in result) {
    return result.manifests === 0 ? nothing : `${removed} ${plural(result.manifests, 'manifest')}`;
  }
  const { tags, blobs, bytes, leftovers, unreadable } = result;
  const rest = leftovers === 0 ? '' : ` and ${plural(leftovers, 'unfinished file')}`;
  const kept = unreadable.map((reason) => line`no blob goes while this cannot be read: ${reason}`);
  const isNothing = tags.length + blobs + leftovers === 0;
  return lines([isNothing ? nothing : `${removed} ${plural(blobs, 'blob')}, ${formatBytes(bytes)}${rest}`, ...kept]);
}

function cacheText({ kinds, unknown, bytes, removedBytes }: PrunedCache, dryRun: boolean, style: Style): Showable {
  const others = unknown.map(
    ({ name, bytes: size }) =>
      line`cache/${name} (${formatBytes(size)}) is of no kind that this version knows: it stays`,
  );
  if (kinds.length === 0) return lines(['There is nothing in cache/.', ...others]);
  const heading = ['KIND', 'ENTRIES', 'SIZE', 'IN USE', dryRun ? 'WOULD GO' : 'REMOVED', 'SIZE', 'WHAT'];
  const rows = kinds.map((kind) => [
    kind.kind,
    formatCount(kind.entries),
    formatBytes(kind.bytes),
    kind.inUse === 0 ? '-' : formatCount(kind.inUse),
    kind.removed === 0 ? '-' : formatCount(kind.removed),
    kind.removed === 0 ? '-' : formatBytes(kind.removedBytes),
    kind.content,
  ]);
  const inUse = kinds.reduce((sum, kind) => sum + kind.inUse, 0);
  const stays = `${formatBytes(bytes - removedBytes)} ${dryRun ? 'would stay' : 'stay'}`;
  const used = inUse === 0 ? '' : `; what running commands use is not touched (${plural(inUse, 'entry', 'entries')})`;
  return lines([
    table([heading.map(style.dim), ...rows], [1, 2, 3, 4, 5]),
    `${removes(dryRun)} ${formatBytes(removedBytes)} of cache/, ${stays}${used}.`,
    ...others,
  ]);
}

function cacheJson({ kinds, unknown, bytes, removedBytes }: PrunedCache): object {
  return {
    kinds,
    unknown,
    bytes,
    removedBytes,
  };
}

function removes(dryRun: boolean): string {
  return dryRun ? 'Would remove' : 'Removed';
}

const nothing = 'There is nothing to remove.';
