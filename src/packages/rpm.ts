import type { PackageBackend } from './backend.ts';
import { applyOverridesToLock } from './rpm/overrides.ts';
import { rpmPackageUrl } from './rpm/package-url.ts';
import { compareVersions } from './rpm/version.ts';

/** Fedora and its relatives: `.repo` files, dnf's libraries choose, rpm installs. */
export const rpmBackend: PackageBackend = {
  family: 'rpm',
  repositoryExtension: '.repo',
  overridesDirectory: 'rpm',
  applyOverrides: applyOverridesToLock,
  packageUrl: (locked, { distribution }, { releasever }) => rpmPackageUrl(locked, distribution, releasever),
  compareVersions,
  // What only a build needs that finds something to do is loaded then.
  async resolve(request, context) {
    const { resolveRpms } = await import('./rpm/resolve.ts');
    return resolveRpms(request, context);
  },
  async download(request, lock, context) {
    const { downloadRpms } = await import('./rpm/download.ts');
    return downloadRpms(request, lock, context);
  },
  async install(request, lock, root, options, context) {
    const { installRpms } = await import('./rpm/install.ts');
    return installRpms(request, lock, root, options, context);
  },
  async inventory(root) {
    const { rpmInventory } = await import('./rpm/inventory.ts');
    return rpmInventory(root);
  },
  async changelogs(root) {
    const { rpmChangelogs } = await import('./rpm/changelogs.ts');
    return rpmChangelogs(root);
  },
  async finalize(root) {
    const { finalizeRpms } = await import('./rpm/finalize.ts');
    return finalizeRpms(root);
  },
};
