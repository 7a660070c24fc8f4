import { sortByBytes } from '../lib/order.ts';
import { type Platform, plainIgnition } from './platforms/platform.ts';

/** Where containers have Ignition, relative to their root: dracut's module, which the initramfs is made of. */
export const ignitionPath = 'usr/lib/dracut/modules.d/30ignition/ignition';

/**
 * Finds which platforms an Ignition knows, in the bytes of its program: Go keeps the names of all functions in it, and each
 * platform is a package of its own. So it is told by what runs, whatever version it says it is.
 */
export interface IgnitionFinder {
  /** Takes the program's bytes, in order. The chunk is read at once. */
  write(chunk: Uint8Array): void;
  /** Values that `ignition.platform.id` may have, sorted; empty for a program that is no Ignition. */
  platforms(): string[];
}

const mark = 'internal/providers/';
/** Longer than any platform's name with the mark. */
const longest = 64;
/** There are some 40; a hostile program could have any number. */
const mostNames = 200;

export function ignitionFinder(): IgnitionFinder {
  const found = new Set<string>();
  let carried = Buffer.alloc(0);

  function take(bytes: Buffer): void {
    for (let at = bytes.indexOf(mark); at !== -1; at = bytes.indexOf(mark, at + mark.length)) {
      const [, name] = /^([a-z][a-z0-9_]*)[./]/.exec(bytes.toString('latin1', at + mark.length, at + longest)) ?? [];
      if (name !== undefined && found.size < mostNames) found.add(name);
    }
  }

  return {
    write(chunk) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      // What lies across the seam, and then the chunk by itself: a name that is cut off matches nothing.
      take(Buffer.concat([carried, bytes.subarray(0, longest)]));
      take(bytes);
      carried = Buffer.concat([carried, bytes.subarray(-longest)]).subarray(-longest);
    },
    platforms() {
      if (found.size === 0) return [];
      // It fetches nothing there, so that older versions have no package for it.
      return sortByBytes([...found.add(plainIgnition.id)].filter((name) => !helpers.has(name)));
    },
  };
}

/** Packages beside those of platforms. */
const helpers = new Set(['cmdline', 'configdrive', 'noop', 'system', 'util']);

/** What a disk tells Ignition about the machine that it runs in. */
export interface ChosenIgnition {
  /** For `ignition.platform.id=`. */
  platform: string;
  /** `known`: the container's Ignition has the platform; `fallback`: it does not; `missing`: there is none in the container. */
  support: 'known' | 'fallback' | 'missing';
}

/**
 * Chooses what a platform's disks tell Ignition.
 * @param known what {@link IgnitionFinder} has found; `undefined` if the container has no Ignition
 */
export function chooseIgnition(
  { ignition }: Pick<Platform, 'ignition'>,
  known: readonly string[] | undefined,
): ChosenIgnition {
  if (known === undefined) return { platform: ignition.id, support: 'missing' };
  if (known.includes(ignition.id)) return { platform: ignition.id, support: 'known' };
  const { otherwise } = ignition;
  const isKnown = otherwise !== undefined && known.includes(otherwise.id);
  return { platform: isKnown ? otherwise.id : plainIgnition.id, support: 'fallback' };
}

/** Something that a person should know of, and what can be done about it. */
export interface IgnitionRemark {
  message: string;
  hint: string;
}

/** What has to be said of some platforms' disks: nothing of those that Ignition knows, and the same only once. */
export function ignitionRemarks(
  disks: readonly { platform: Pick<Platform, 'name' | 'ignition'>; chosen: ChosenIgnition }[],
): IgnitionRemark[] {
  const remarks: IgnitionRemark[] = [];
  const missing = disks.filter(({ chosen }) => chosen.support === 'missing');
  if (missing.length > 0) {
    const message = `the container has no Ignition: the first boot of ${namesOf(missing)} configures nothing`;
    remarks.push({ message, hint: `it was looked for as /${ignitionPath}` });
  }
  const fallbacks = disks.filter(({ chosen }) => chosen.support === 'fallback');
  for (const id of sortByBytes(new Set(fallbacks.map(({ chosen }) => chosen.platform)))) {
    const same = fallbacks.filter(({ chosen }) => chosen.platform === id);
    const message = `the Ignition in the container does not know ${namesOf(same)}: ${same.length === 1 ? 'its disk says' : 'their disks say'} ${id}`;
    remarks.push({ message, hint: `for a configuration at the first boot, ${wayFor(id, same)}` });
  }
  return remarks;
}

function namesOf(disks: readonly { platform: Pick<Platform, 'name'> }[]): string {
  const names = disks.map(({ platform }) => platform.name);
  return names.length < 3 ? names.join(' and ') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

function wayFor(id: string, disks: readonly { platform: Pick<Platform, 'ignition'> }[]): string {
  return (
    disks.find(({ platform }) => platform.ignition.otherwise?.id === id)?.platform.ignition.otherwise?.by ??
    plainIgnition.by
  );
}
