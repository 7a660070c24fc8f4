import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { finalize } from '../../../src/rootfs/steps/finalize.ts';
import { contextFor, readTree, writeTree } from '../support.ts';

/** What a finished tree has. */
const directories = Object.fromEntries(
  ['dev', 'proc', 'run', 'tmp', 'usr'].map((name) => [name, { directory: 0o755 }]),
);

async function scriptsOf(files: Record<string, string>) {
  const directory = await writeTree({ ...files, 'manifest.yaml': 'mine' });
  const names = Object.keys(files);
  for (const name of names) await chmod(join(directory, name), 0o755);
  return {
    configDirectory: directory,
    finalizeScripts: names.map((name) => ({ name: name.slice('finalize.d/'.length), path: join(directory, name) })),
  };
}

test('programs work on the tree that they stand in, and read the config', async () => {
  const root = await writeTree(directories);
  const scripts = await scriptsOf({
    'finalize.d/01-a': '#!/bin/sh\ncp "$RPMOSTREE_WORKDIR/manifest.yaml" usr/copy\n',
    'finalize.d/02-b': '#!/bin/sh\necho done >> usr/copy; ! touch /usr/x 2>/dev/null\n',
  });
  await finalize.run(contextFor(root, scripts));
  expect(await readTree(root)).toMatchObject({ '/usr/copy': 'minedone\n' });
});

test('a program that fails ends the build, with its last lines', async () => {
  const scripts = await scriptsOf({ 'finalize.d/01-a': '#!/bin/sh\necho so sad >&2; exit 3\n' });
  await expect(finalize.run(contextFor(await writeTree(directories), scripts))).rejects.toMatchObject({
    code: 'POSTPROCESS_FAILED',
    message: 'finalize.d/01-a ended with exit status 3\nso sad',
  });
});
