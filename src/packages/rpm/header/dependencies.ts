import { tag } from './tags.ts';
import { type HeaderValues, InvalidHeaderError } from './values.ts';

/** A name that a package has, needs or refuses, with versions: `libc.so.6(GLIBC_2.34)`, `/bin/sh`, `(a or b)`, `foo >= 1.2`. */
interface RpmDependency {
  name: string;
  /** Bits of `dependencyFlag`. */
  flags: number;
  /** `EPOCH:VERSION-RELEASE`, each part but the version optional; empty where any will do. */
  version: string;
}

export interface RpmDependencies {
  provides: RpmDependency[];
  requires: RpmDependency[];
  conflicts: RpmDependency[];
  obsoletes: RpmDependency[];
  recommends: RpmDependency[];
}

/** @throws InvalidHeaderError for values of one dependency that are not all there */
export function readDependencies(values: HeaderValues): RpmDependencies {
  const read = (what: string, names: number, flags: number, versions: number) =>
    joined(what, values.texts(names), values.numbers(flags), values.texts(versions));
  return {
    provides: read('provides', tag.provideNames, tag.provideFlags, tag.provideVersions),
    requires: read('requires', tag.requireNames, tag.requireFlags, tag.requireVersions),
    conflicts: read('conflicts', tag.conflictNames, tag.conflictFlags, tag.conflictVersions),
    obsoletes: read('obsoletes', tag.obsoleteNames, tag.obsoleteFlags, tag.obsoleteVersions),
    recommends: read('recommends', tag.recommendNames, tag.recommendFlags, tag.recommendVersions),
  };
}

function joined(
  what: string,
  names: readonly string[],
  flags: readonly number[],
  versions: readonly string[],
): RpmDependency[] {
  return names.map((name, index) => {
    const flag = flags[index];
    const version = versions[index];
    if (flag === undefined || version === undefined) throw new InvalidHeaderError(`it ${what} "${name}" incompletely`);
    return { name, flags: flag, version };
  });
}
