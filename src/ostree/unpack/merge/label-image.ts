import type { ContentReader } from '../../../oci/store.ts';
import { commitLabels, type LabelVersion, labelAttribute } from '../../labels.ts';
import type { ContentLayer } from '../content-layer.ts';
import { contentsOf, type LayerContent } from '../contents.ts';
import type { CommitDirectory } from '../directories.ts';
import type { ContentEntry } from '../layer-objects.ts';
import type { UnpackLimits } from '../limits.ts';
import { labelledLayers } from './labelled-layers.ts';
import { type LabelledContent, labelTrees } from './labelled-trees.ts';
import { base, type MergedContent, type MergedDirectory } from './node.ts';
import { mergedPolicy } from './policy.ts';

/** Where the contents of merged trees come from. */
interface ContentSources {
  /** The layers of the ostree commit below. */
  base: readonly ContentLayer[];
  ordinary: readonly ContentLayer[];
  /** What no layer holds. */
  made: readonly ContentEntry[];
}

/** How layers are read. */
interface Reading {
  reader: ContentReader;
  limits: UnpackLimits;
  signal: AbortSignal;
}

/**
 * Labels a container's trees by the policy that is in the first of them, as bootc does it when a machine takes a container:
 * ordinary layers have no labels, and may bring a policy of their own, by which all is labelled anew. What stands on a base
 * that has no labels gets none. Changes the trees.
 * @param trees of the shape of a deployed system; contents of the same places are the same nodes
 * @param commitRoot of the ostree commit below
 * @returns where the contents come from then; undefined if there are no labels
 * @throws CosaError `SELINUX_POLICY`, `CONTENT_TOO_LARGE` (exit 4), what the layers throw; the signal's reason
 */
export async function labelImage(
  trees: readonly [MergedDirectory, ...MergedDirectory[]],
  commitRoot: CommitDirectory | undefined,
  { base: baseLayers, ordinary, made }: ContentSources,
  { reader, limits, signal }: Reading,
): Promise<{ layers: ContentLayer[]; made: ContentEntry[] } | undefined> {
  async function* contents(needsBase: boolean): AsyncGenerator<LayerContent, void, void> {
    for (const entry of made) yield { entry, layer: undefined };
    yield* contentsOf(reader, [...(needsBase ? baseLayers : []), ...ordinary], limits, signal);
  }

  if (commitRoot !== undefined && labelIn(commitRoot) === undefined) return undefined;
  const isInBase = (path: string, checksum: string | undefined) => checksumIn(commitRoot, path) === checksum;
  const found = await mergedPolicy(trees[0], contents, isInBase);
  if (found === undefined) return undefined;
  const { policy, isChanged } = found;
  const ownLinks = new Set(made.map(({ checksum }) => checksum));
  const isLabelled = ({ content: { checksum, place }, layer }: MergedContent) =>
    !isChanged && layer === base && place === undefined && !ownLinks.has(checksum);
  const { needsBase, finish } = labelTrees(trees, commitLabels(policy, labelVersionOf(commitRoot)), isLabelled);
  const labelled = await finish(contents(needsBase));
  const renamed = withOtherNames(labelled);
  // Layers stay in their order, the base's with all that the commit below has.
  const again = ordinary.map((layer) => labelledLayers(layer, labelled));
  const layers = [
    ...baseLayers,
    ...again.flatMap(([first]) => first ?? []),
    ...baseLayers.flatMap((layer) => labelledLayers(layer, renamed)),
    ...again.flatMap(([, ...others]) => others),
  ];
  const labelledLinks = made.flatMap((entry) =>
    (labelled.get(entry.checksum)?.objects ?? []).map((object) => ({ ...entry, ...object })),
  );
  return { layers, made: labelledLinks };
}

/** Contents without those objects that they are already. */
function withOtherNames(contents: ReadonlyMap<string, LabelledContent>): ReadonlyMap<string, LabelledContent> {
  const others = [...contents].map(([name, content]) => {
    const objects = content.objects.filter(({ checksum }) => checksum !== name);
    return [name, { ...content, objects }] as const;
  });
  return new Map(others);
}

/**
 * How a commit's `/usr/etc` was labelled: as it is in `/etc` if the policy's own directory has another label there than the
 * files around it. Where the policy itself takes the two for the same, it does not matter.
 */
function labelVersionOf(commitRoot: CommitDirectory | undefined): LabelVersion {
  const etc = directoryAt(commitRoot, ['usr', 'etc']);
  const selinux = directoryAt(etc, ['selinux']);
  return selinux !== undefined && labelIn(selinux) !== labelIn(etc) ? 1 : 0;
}

function labelIn(directory: CommitDirectory | undefined): string | undefined {
  const label = directory?.xattrs.find(({ name }) => name === labelAttribute);
  return label === undefined ? undefined : Buffer.from(label.value).toString('latin1');
}

function checksumIn(root: CommitDirectory | undefined, path: string): string | undefined {
  const names = path.split('/').slice(1);
  return directoryAt(root, names.slice(0, -1))?.files.get(names.at(-1) ?? '');
}

function directoryAt(root: CommitDirectory | undefined, names: readonly string[]): CommitDirectory | undefined {
  return names.reduce((directory: CommitDirectory | undefined, name) => directory?.directories.get(name), root);
}
