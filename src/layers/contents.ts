import type { Component } from '../lib/component.ts';
import { compareBytes, sortByBytes } from '../lib/order.ts';
import type { LayerContent } from '../ostree/encapsulate/types.ts';
import type { Tree } from '../ostree/tree.ts';
import type { PlannedComponent } from './group.ts';
import { planLayers } from './plan.ts';

export interface LayerContentsRequest {
  tree: Tree;
  /** Who owns which path. A path that several claim belongs to the first of them by name. */
  components: readonly Component[];
  /** `ostree.components` of the previous image's layers, split at the commas; layer 0 may be among them. */
  previous: readonly (readonly string[])[];
  /** The image's layers altogether, layer 0 included; at least 2. */
  maxLayers: number;
}

/**
 * Plans the component layers of an image and says which files are in each. Components without a file in the tree
 * get no layer; files without a component are left for layer 0.
 */
export function layerContents({ tree, components, previous, maxLayers }: LayerContentsRequest): LayerContent[] {
  const owned = ownedPaths(tree, components);
  const byName = new Map(components.map((component) => [component.name, component]));
  const planned: PlannedComponent[] = [...owned].map(([name, paths]) => ({
    name,
    size: contentSize(tree, paths),
    changed: byName.get(name)?.changed ?? 0,
  }));
  const plan = planLayers({
    components: planned,
    previous: previousNames(components, previous),
    maxLayers: maxLayers - 1,
  });
  return plan.map((names) => ({
    components: sortByBytes(names.flatMap((name) => displayNames(byName.get(name), name))),
    paths: names.flatMap((name) => owned.get(name) ?? []),
  }));
}

/** Paths by component name, each path once, only those that are in the tree. */
function ownedPaths(tree: Tree, components: readonly Component[]): Map<string, string[]> {
  const taken = new Set<string>();
  const owned = new Map<string, string[]>();
  for (const { name, paths } of components.toSorted((a, b) => compareBytes(a.name, b.name))) {
    const own = paths.filter((path) => tree.files.has(path) && !taken.has(path));
    for (const path of own) taken.add(path);
    if (own.length > 0) owned.set(name, [...new Set(own)]);
  }
  return owned;
}

/** Bytes of content, an object counted once. */
function contentSize(tree: Tree, paths: readonly string[]): number {
  const sizes = new Map<string, number>();
  for (const path of paths) {
    const object = tree.files.get(path);
    if (object !== undefined) sizes.set(object.checksum, object.size);
  }
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

/** An image names the packages in a layer; a generated part goes by its own name. */
function displayNames(component: Component | undefined, name: string): readonly string[] {
  return component === undefined || component.packages.length === 0 ? [name] : component.packages;
}

/** The previous layers by component name. A component is where the first of its packages was. */
function previousNames(components: readonly Component[], previous: readonly (readonly string[])[]): string[][] {
  const layerOf = new Map<string, number>();
  previous.forEach((names, position) => {
    for (const name of names) if (!layerOf.has(name)) layerOf.set(name, position);
  });
  const layers = previous.map((): string[] => []);
  for (const component of components) {
    const positions = displayNames(component, component.name).map((name) => layerOf.get(name));
    const position = positions.find((candidate) => candidate !== undefined);
    if (position !== undefined) layers[position]?.push(component.name);
  }
  return layers;
}
