import type { PackageBackend, PackageRequest } from './backend.ts';
import { downloadDebs } from './deb/download.ts';
import { finalizeDebs } from './deb/finalize.ts';
import { hostMirror } from './deb/host-apt.ts';
import { installDebs } from './deb/install.ts';
import { debInventory } from './deb/inventory.ts';
import { applyOverridesToLock } from './deb/overrides.ts';
import { debPackageUrl } from './deb/package-url.ts';
import { resolveDebs } from './deb/resolve.ts';
import type { VariableLookup } from './deb/sources.ts';
import { compareVersions } from './deb/version.ts';

/** Debian and its relatives: deb822 repositories, apt chooses, dpkg installs. */
export const debBackend: PackageBackend = {
  family: 'deb',
  repositoryExtension: '.sources',
  overridesDirectory: 'deb',
  resolve: (request, context) => resolveDebs(request, variableLookup(request), context),
  applyOverrides: applyOverridesToLock,
  packageUrl: (locked, variables) => debPackageUrl(locked, variables.releasever),
  compareVersions,
  download: (request, lock, context) => downloadDebs(request, lock, variableLookup(request), context),
  install: (_request, lock, root, options, context) => installDebs(lock, root, options, context),
  inventory: debInventory,
  finalize: finalizeDebs,
};

/** The config's variables first; `${mirror}` and `${mirror-security}` are the machine's own mirrors where no variable says else. */
function variableLookup(request: PackageRequest): VariableLookup {
  return async (name) => {
    const own = request.variables[name];
    if (own !== undefined) return own;
    if (name === 'mirror') return hostMirror('debian');
    if (name === 'mirror-security') {
      const main = request.variables.mirror;
      return main === undefined ? hostMirror('debian-security') : `${main.replace(/\/+$/, '')}-security`;
    }
    return name === 'basearch' ? request.basearch : undefined;
  };
}
