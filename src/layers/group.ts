/** What the plan needs to know of a component. */
export interface PlannedComponent {
  name: string;
  /** Bytes of content. */
  size: number;
  /** Seconds since the epoch of the last known change; 0 where unknown. */
  changed: number;
}

/** Components that share a layer, with what its cost follows from. */
export interface Group {
  names: readonly string[];
  /** Bytes of content. */
  size: number;
  /** How probable it is that none of them has changed when the next update comes: 0 to 1. */
  unchanged: number;
  /** The layer that the group was in the previous plan; `undefined` for a new one. */
  position: number | undefined;
}

/** How far apart updates are thought to be: two weeks, as CoreOS streams have it. */
const updateInterval = 14 * 24 * 3600;

/** A part of unknown age is made by the build: the initramfs, an overlay. It changes nearly every time. */
const unchangedIfUnknown = 0.1;

/**
 * Makes a component's own group. What has not changed for long will probably not change soon: changes are
 * taken to come at random, as often as the last one is long ago.
 * @param newest seconds since the epoch: the newest change of all components. The clock must not matter here.
 */
export function groupOf({ name, size, changed }: PlannedComponent, newest: number, position?: number): Group {
  const age = Math.max(newest - changed, updateInterval);
  const unchanged = changed === 0 ? unchangedIfUnknown : Math.exp(-updateInterval / age);
  return { names: [name], size, unchanged, position };
}

/** Puts two groups in one layer: the first one's, if it has one. */
export function merge(a: Group, b: Group): Group {
  return {
    names: [...a.names, ...b.names],
    size: a.size + b.size,
    unchanged: a.unchanged * b.unchanged,
    position: a.position ?? b.position,
  };
}

/** Bytes that an update downloads for this layer on average: all of it, if anything in it has changed. */
export function expectedDownload(group: Group): number {
  return group.size * (1 - group.unchanged);
}

/** How many more bytes an update downloads on average when these two share a layer. */
export function mergeCost(a: Group, b: Group): number {
  return (a.size + b.size) * (1 - a.unchanged * b.unchanged) - expectedDownload(a) - expectedDownload(b);
}
