import { readFile, writeFile } from 'node:fs/promises';
import type { Lockfile } from '../../../src/contract/lockfile.ts';
import { reenterAsNamespaceRoot } from '../../../src/exec/namespace.ts';
import { finalizeRpms } from '../../../src/packages/rpm/finalize.ts';
import { installRpms } from '../../../src/packages/rpm/install.ts';
import { silentReporter } from '../../../src/progress/reporter.ts';
import { treeDigest } from '../../helpers/tree-digest.ts';

// Installs a lock, whoever we are, and writes down what the tree is: only inside do its files have their owners.
const [cacheDirectory = '', lockFile = '', root = '', result = ''] = process.argv.slice(2);
const status = await reenterAsNamespaceRoot(process.argv.slice(1));
if (status === undefined) {
  const lock = JSON.parse(await readFile(lockFile, 'utf8')) as Lockfile;
  await installRpms({}, lock, root, { documentation: false }, { cacheDirectory, reporter: silentReporter() });
  await finalizeRpms(root);
  await writeFile(result, await treeDigest(root));
} else process.exitCode = status;
