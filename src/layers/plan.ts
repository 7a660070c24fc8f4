import { compareBytes, sortByBytes } from '../lib/order.ts';
import { expectedDownload, type Group, groupOf, merge, mergeCost, type PlannedComponent } from './group.ts';
import { reduceGroups } from './reduce.ts';

export interface LayerPlanRequest {
  /** Names are unique. */
  components: readonly PlannedComponent[];
  /** The layers of the previous plan in their order, by component name; empty without one. Names that are gone are ignored. */
  previous: readonly (readonly string[])[];
  /** How many layers the plan may have, at least 1. Layer 0 is not counted here. */
  maxLayers: number;
}

/** Layers in their order, each the sorted names of its components. */
export type LayerPlan = readonly (readonly string[])[];

/**
 * Distributes components over layers so that an update downloads little: what is large or changes often stands
 * alone, small and stable things stand together. Every component is in exactly one layer; no layer is empty.
 *
 * A plan is worth something only if it stays: a component stays in its previous layer, whatever its size has
 * become, and a new one goes where it costs least. Only if most components are new, the plan is made afresh:
 * nearly every layer has to be written again then anyway.
 */
export function planLayers({ components, previous, maxLayers }: LayerPlanRequest): LayerPlan {
  const limit = Math.max(1, maxLayers);
  const newest = components.reduce((latest, { changed }) => Math.max(latest, changed), 0);
  const layerOf = new Map(previous.flatMap((names, position) => names.map((name) => [name, position] as const)));
  const singles = components
    .map((component) => groupOf(component, newest, layerOf.get(component.name)))
    .sort((a, b) => compareBytes(a.names[0] ?? '', b.names[0] ?? ''));
  const known = singles.filter(({ position }) => position !== undefined);
  const isKept = known.length * 2 >= singles.length;
  const groups = isKept
    ? placeNew(reduceGroups(joinByPosition(known), limit), singles, limit)
    : reduceGroups(
        singles.map((group) => ({ ...group, position: undefined })),
        limit,
      );
  return groups.map(({ names }) => sortByBytes(names)).sort(byPreviousOrder(layerOf, isKept));
}

function joinByPosition(known: readonly Group[]): Group[] {
  const layers = new Map<number | undefined, Group>();
  for (const group of known) {
    const layer = layers.get(group.position);
    layers.set(group.position, layer === undefined ? group : merge(layer, group));
  }
  return [...layers.values()];
}

/** New components take free layers, the costliest first; the others join the layer where they cost least. */
function placeNew(kept: readonly Group[], singles: readonly Group[], limit: number): Group[] {
  const groups = [...kept];
  const added = singles.filter(({ position }) => position === undefined);
  for (const single of added.toSorted((a, b) => expectedDownload(b) - expectedDownload(a))) {
    if (groups.length < limit) {
      groups.push(single);
      continue;
    }
    const least = groups.reduce((best, group) => (mergeCost(group, single) < mergeCost(best, single) ? group : best));
    groups[groups.indexOf(least)] = merge(least, single);
  }
  return groups;
}

/** Kept layers stay in their order, new ones follow by name. */
function byPreviousOrder(layerOf: ReadonlyMap<string, number>, isKept: boolean) {
  const position = (names: readonly string[]) =>
    isKept ? Math.min(...names.map((name) => layerOf.get(name) ?? Number.POSITIVE_INFINITY)) : 0;
  return (a: readonly string[], b: readonly string[]) => {
    const difference = position(a) - position(b);
    return difference < 0 || difference > 0 ? difference : compareBytes(a[0] ?? '', b[0] ?? '');
  };
}
