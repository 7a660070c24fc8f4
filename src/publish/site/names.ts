import { digestHex, sha256Hex } from '../../lib/digest.ts';
import type { SiteBuild, SiteModel } from './model.ts';

/** Names of files that every file system and server takes, and that mean nothing else anywhere. */
const safeName = /^[A-Za-z0-9][A-Za-z0-9._~-]{0,99}$/;

/** Hexadecimal digits that tell names apart. */
const digits = 12;

/** Where each build and stream has its page. */
export interface PageNames {
  build(build: SiteBuild): string;
  /** By the stream's name. */
  stream(name: string): string;
}

/**
 * Chooses the pages' names: readable where versions and tags allow it. Of several builds with one name, the newest has it, and the
 * others have their digests in theirs. Names that differ in case alone count as one: on some file systems they are.
 */
export function pageNames({ builds, streams }: Pick<SiteModel, 'builds' | 'streams'>): PageNames {
  const ofBuilds = new Map<SiteBuild, string>();
  const taken = new Set<string>();
  for (const build of builds) {
    const hex = digestHex(build.digest).slice(0, digits);
    const wanted = `${build.version ?? ''}.${build.architecture}`;
    const name = safeName.test(wanted) ? wanted : hex;
    ofBuilds.set(build, unique(taken, name, `${name}.${hex}`));
  }
  const ofStreams = new Map<string, string>();
  const takenStreams = new Set<string>();
  for (const { name } of streams) {
    const hex = sha256Hex(name).slice(0, digits);
    ofStreams.set(name, unique(takenStreams, safeName.test(name) ? name : hex, hex));
  }
  return {
    build: (build) => `builds/${ofBuilds.get(build) ?? digestHex(build.digest).slice(0, digits)}.html`,
    stream: (name) => `streams/${ofStreams.get(name) ?? sha256Hex(name).slice(0, digits)}.html`,
  };
}

function unique(taken: Set<string>, name: string, otherwise: string): string {
  let chosen = taken.has(name.toLowerCase()) ? otherwise : name;
  // Somebody may call a build what another one is called for want of a name.
  while (taken.has(chosen.toLowerCase())) chosen += '-';
  taken.add(chosen.toLowerCase());
  return chosen;
}
