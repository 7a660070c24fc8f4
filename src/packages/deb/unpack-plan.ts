import { fieldOf } from './control.ts';
import type { PackageFile } from './package-file.ts';

/** Who unpacks what, and in which order. */
export interface UnpackPlan {
  /**
   * What must be there before the target's dpkg can run the scripts of others: the essential packages, what `scripted`
   * ones need beforehand (Pre-Depends), and all that these depend on.
   */
  bootstrap: readonly PackageFile[];
  /**
   * Further packages for which unpacking is nothing but writing files. They are there before the first script runs: one
   * that looks for a program must find it always or never, and with all that the program needs.
   */
  plain: readonly PackageFile[];
  /** Packages that only the target's dpkg can unpack: they bring a preinst script, or ask to hear of others' files. */
  scripted: readonly PackageFile[];
}

/** Sorts packages (in the lock's order) by how they are unpacked. Some of `bootstrap` stand in `scripted` too. */
export function planUnpacking(packages: readonly PackageFile[]): UnpackPlan {
  const scripted = packages.filter(needsDpkg);
  const providers = providersOf(packages);
  const essential = withDependencies(packages.filter(isEssential), providers);
  const needed = scripted.flatMap((item) => dependencies(item, ['Pre-Depends'], providers));
  const bootstrap = withDependencies([...essential, ...needed], providers);
  const isScripted = new Set(scripted);
  return {
    bootstrap: packages.filter((item) => bootstrap.has(item)),
    plain: packages.filter((item) => !bootstrap.has(item) && !isScripted.has(item)),
    scripted: [...scripted.filter((item) => essential.has(item)), ...scripted.filter((item) => !essential.has(item))],
  };
}

/** The plan for packages that divert each other's files: what is written where then depends on dpkg's order. */
export function withoutPlain(plan: UnpackPlan): UnpackPlan {
  return { ...plan, plain: [], scripted: [...plan.scripted, ...plan.plain] };
}

function isEssential({ control }: PackageFile): boolean {
  return fieldOf(control, 'Essential') === 'yes';
}

function needsDpkg({ archive, controlFiles }: PackageFile): boolean {
  if (archive.data.compression === 'other' || controlFiles.has('preinst')) return true;
  return /^\s*interest/m.test(controlFiles.get('triggers')?.content.toString('utf8') ?? '');
}

type Providers = ReadonlyMap<string, readonly PackageFile[]>;

/** The packages that bear a name or provide it. */
function providersOf(packages: readonly PackageFile[]): Providers {
  const providers = new Map<string, PackageFile[]>();
  for (const item of packages) {
    for (const name of [item.locked.name, ...dependencyNames(fieldOf(item.control, 'Provides')).flat()]) {
      providers.set(name, [...(providers.get(name) ?? []), item]);
    }
  }
  return providers;
}

function dependencies(item: PackageFile, fields: readonly string[], providers: Providers): PackageFile[] {
  const names = fields.flatMap((field) => dependencyNames(fieldOf(item.control, field)).flat());
  return names.flatMap((name) => providers.get(name) ?? []);
}

/** Packages with everything that they depend on. */
function withDependencies(packages: Iterable<PackageFile>, providers: Providers): Set<PackageFile> {
  const found = new Set(packages);
  // A set may grow while it is walked: what is added is visited too.
  for (const item of found) {
    for (const dependency of dependencies(item, ['Pre-Depends', 'Depends'], providers)) found.add(dependency);
  }
  return found;
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
