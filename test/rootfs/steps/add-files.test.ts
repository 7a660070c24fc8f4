import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { addFiles } from '../../../src/rootfs/steps/add-files.ts';
import { contextFor, readTree, writeTree } from '../support.ts';

it('puts files in their places, through links of the root, in place of what is there', async () => {
  const config = await writeTree({ motd: 'hello', tool: '#!/bin/sh' });
  const root = await writeTree({
    'usr/bin/other': 'x',
    bin: { link: 'usr/bin' },
    'etc/motd': { link: '/usr/bin/other' },
  });
  const context = contextFor(root, {
    addedFiles: [
      { source: join(config, 'motd'), path: 'etc/motd', mode: 0o644 },
      { source: join(config, 'tool'), path: 'bin/tool', mode: 0o755 },
      { source: join(config, 'motd'), path: 'etc/new/deep/file', mode: 0o644 },
    ],
  });
  await addFiles.run(context);
  await writeFile(join(config, 'motd'), 'changed');
  expect(await readTree(root)).toMatchObject({
    '/etc/motd': 'hello',
    '/usr/bin/other': 'x',
    '/usr/bin/tool': '#!/bin/sh',
    '/etc/new/deep/file': 'hello',
  });
  expect([...context.generated]).toEqual([
    ['/etc/motd', 'added-files'],
    ['/usr/bin/tool', 'added-files'],
    ['/etc/new/deep/file', 'added-files'],
  ]);
});
