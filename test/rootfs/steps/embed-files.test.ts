import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { embedFiles } from '../../../src/rootfs/steps/embed-files.ts';
import { contextFor, modeOf, writeTree } from '../support.ts';

it('writes the files as the build metadata, through no link', async () => {
  const outside = await writeTree({ victim: 'safe' });
  const root = await writeTree({ 'usr/share/os/image.json': { link: join(outside, 'victim') } });
  const embedded = new Map([
    ['/usr/share/os/image.json', '{}\n'],
    ['/usr/share/new/lock.json', '[]\n'],
  ]);
  const context = contextFor(root, { embedded });
  await embedFiles.run(context);
  for (const [path, content] of embedded) {
    expect(await readFile(join(root, path), 'utf8')).toBe(content);
    expect(await modeOf(join(root, path))).toBe('0644');
    expect(context.generated.get(path)).toBe('build-metadata');
  }
  expect(await readFile(join(outside, 'victim'), 'utf8')).toBe('safe');
});
