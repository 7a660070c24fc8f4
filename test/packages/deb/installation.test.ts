import { readFile, writeFile } from 'node:fs/promises';
import { cachedPackagePath } from '../../../src/packages/cached-package.ts';
import { debBackend } from '../../../src/packages/deb.ts';
import { packageInstallationContract } from '../../contract/package-installation.ts';
import { basePackage, packageCache } from './target.ts';

packageInstallationContract({
  backend: debBackend,
  prepare: async (packages) =>
    packageCache([
      await basePackage(),
      ...packages.map(({ name, files = {}, script, requires = [] }) => ({
        name,
        files,
        fields: requires.length === 0 ? {} : { Depends: requires.join(', ') },
        ...(script === undefined ? {} : { scripts: { postinst: `#!/bin/sh\n${script}\n` } }),
      })),
    ]),
  scriptOf: (name) => `a script of ${name}`,
  async spoil(wanted, { packages }, { cacheDirectory }) {
    const item = packages.find(({ name }) => name === wanted);
    if (item === undefined) throw new Error(`no package ${wanted}`);
    const file = cachedPackagePath(cacheDirectory, item, 'deb');
    const bytes = await readFile(file);
    // What is not compressed has no checksum: everything behind the first member goes.
    await writeFile(file, bytes.fill(0, 72));
  },
});
