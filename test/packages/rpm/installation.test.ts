import { readFile, writeFile } from 'node:fs/promises';
import { cachedPackagePath } from '../../../src/packages/cached-package.ts';
import { finalizeRpms } from '../../../src/packages/rpm/finalize.ts';
import { installRpms } from '../../../src/packages/rpm/install.ts';
import { rpmInventory } from '../../../src/packages/rpm/inventory.ts';
import { packageInstallationContract } from '../../contract/package-installation.ts';
import { baseSystem, targetOf } from './target.ts';

packageInstallationContract({
  backend: { family: 'rpm', install: installRpms, inventory: rpmInventory, finalize: finalizeRpms },
  prepare: (packages) =>
    targetOf([
      baseSystem,
      ...packages.map(({ name, files = {}, script, requires = [] }) => ({
        name,
        files,
        requires,
        ...(script === undefined ? {} : { scripts: { posttrans: script } }),
      })),
    ]),
  scriptOf: (name) => `the script %posttrans of ${name}-1.0-1.noarch`,
  async spoil(wanted, { packages }, { cacheDirectory }) {
    const item = packages.find(({ name }) => name === wanted);
    if (item === undefined) throw new Error(`no package ${wanted}`);
    const file = cachedPackagePath(cacheDirectory, item, 'rpm');
    const bytes = await readFile(file);
    await writeFile(file, bytes.fill(0, bytes.length - 60));
  },
});
