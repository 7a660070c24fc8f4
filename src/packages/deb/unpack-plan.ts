import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fieldOf } from './control.ts';
import type { PackageFile } from './package-file.ts';

/** Who unpacks what, and in which order. */
export interface UnpackPlan {
  /** What must be there before any program of the target can run: the essential packages and all they depend on. */
  bootstrap: readonly PackageFile[];
  /** Further packages for which unpacking is nothing but writing files. */
  plain: readonly PackageFile[];
  /** Packages that only the target's dpkg can unpack: they bring a preinst script, or ask to hear of others' files. */
  scripted: readonly PackageFile[];
}

/** Sorts packages (in the lock's order) by how they are unpacked. Some of `bootstrap` stand in `scripted` too. */
export async function planUnpacking(packages: readonly PackageFile[]): Promise<UnpackPlan> {
  const essential = new Set(essentialClosure(packages));
  const scripted: PackageFile[] = [];
  for (const item of packages) {
    if (await needsDpkg(item)) scripted.push(item);
  }
  const isScripted = new Set(scripted);
  const first = (a: PackageFile, b: PackageFile) => Number(essential.has(b)) - Number(essential.has(a));
  return {
    bootstrap: packages.filter((item) => essential.has(item)),
    plain: packages.filter((item) => !essential.has(item) && !isScripted.has(item)),
    scripted: scripted.sort(first),
  };
}

async function needsDpkg(item: PackageFile): Promise<boolean> {
  if (item.members.includes('preinst')) return true;
  if (!item.members.includes('triggers')) return false;
  return /^\s*interest/m.test(await readFile(join(item.controlDirectory, 'triggers'), 'utf8'));
}

/** The essential packages with everything that they need, in the given order. */
function essentialClosure(packages: readonly PackageFile[]): PackageFile[] {
  const providers = new Map<string, PackageFile[]>();
  for (const item of packages) {
    for (const name of [item.locked.name, ...dependencyNames(fieldOf(item.control, 'Provides')).flat()]) {
      providers.set(name, [...(providers.get(name) ?? []), item]);
    }
  }
  const found = new Set(packages.filter(({ control }) => fieldOf(control, 'Essential') === 'yes'));
  // A set can grow while it is walked: what is added is visited too.
  for (const { control } of found) {
    for (const field of ['Pre-Depends', 'Depends']) {
      for (const name of dependencyNames(fieldOf(control, field)).flat()) {
        for (const provider of providers.get(name) ?? []) found.add(provider);
      }
    }
  }
  return packages.filter((item) => found.has(item));
}

/** The names in a dependency field: for each dependency, its alternatives. */
export function dependencyNames(field: string | undefined): string[][] {
  return (field ?? '')
    .split(',')
    .map((dependency) =>
      dependency
        .split('|')
        .map((alternative) => /^\s*([a-z0-9][a-z0-9+.-]*)/.exec(alternative)?.[1] ?? '')
        .filter((name) => name !== ''),
    )
    .filter((alternatives) => alternatives.length > 0);
}
