import type { PackageBackend, PackageRequest } from './backend.ts';
import { debChangelogs } from './deb/changelogs.ts';
import { debInventory } from './deb/inventory.ts';
import { mirrorNamed } from './deb/mirrors.ts';
import { applyOverridesToLock } from './deb/overrides.ts';
import { debPackageUrl } from './deb/package-url.ts';
import type { VariableLookup } from './deb/sources.ts';
import { compareVersions } from './deb/version.ts';

/** Debian and its relatives: deb822 repositories, apt chooses, dpkg installs. */
export const debBackend: PackageBackend = {
  family: 'deb',
  repositoryExtension: '.sources',
  overridesDirectory: 'deb',
  applyOverrides: applyOverridesToLock,
  packageUrl: (locked, { distribution }, { releasever }) => debPackageUrl(locked, distribution, releasever),
  compareVersions,
  inventory: debInventory,
  changelogs: debChangelogs,
  // What only a build needs that finds something to do is loaded then: a client for HTTP alone is large.
  async resolve(request, context) {
    const { resolveDebs } = await import('./deb/resolve.ts');
    return resolveDebs(request, variableLookup(request), context);
  },
  async download(request, lock, context) {
    const { downloadDebs } = await import('./deb/download.ts');
    return downloadDebs(request, lock, variableLookup(request), context);
  },
  async install(_request, lock, root, options, context) {
    const { installDebs } = await import('./deb/install.ts');
    return installDebs(lock, root, options, context);
  },
  async finalize(root) {
    const { finalizeDebs } = await import('./deb/finalize.ts');
    return finalizeDebs(root);
  },
};

/** The config's variables first; then what stands for the machine's own mirrors. */
function variableLookup({ variables, basearch }: PackageRequest): VariableLookup {
  return async (name) => variables[name] ?? (name === 'basearch' ? basearch : mirrorNamed(name, variables));
}
