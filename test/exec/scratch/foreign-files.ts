import { chmod, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { asNamespaceRoot } from '../../../src/exec/namespace.ts';
import { run } from '../../../src/exec/run.ts';
import { openScratch } from '../../../src/exec/scratch.ts';
import { tools } from '../../../src/exec/tools.ts';

// Leaves directories of another user in a temporary directory, and prints what is left of it afterwards.

const [base = ''] = process.argv.slice(2);
{
  await using scratch = await openScratch(base);
  const tree = join(scratch.path, 'tree');
  await mkdir(tree);
  for (const path of [scratch.path, tree]) await chmod(path, 0o777);
  for (const name of ['of-another', 'of-another/inner']) {
    const asAnother = ['--reuid=5', '--regid=5', '--clear-groups', '--', 'mkdir', join(tree, name)];
    const { tool, args } = await asNamespaceRoot(tools.setpriv, asAnother);
    await run(tool, args);
  }
  console.log((await readdir(tree)).join());
}
console.log(`left: ${(await readdir(base)).join()}`);
