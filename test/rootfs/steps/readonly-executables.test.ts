import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readonlyExecutables } from '../../../src/rootfs/steps/readonly-executables.ts';
import { contextFor, modeOf, writeTree } from '../support.ts';

const nodes = {
  'usr/bin/tool': { content: '', mode: 0o755 },
  'usr/bin/su': { content: '', mode: 0o4755 },
  'usr/lib/shared': { content: '', mode: 0o2775 },
  'usr/lib/owner-only': { content: '', mode: 0o700 },
  'usr/lib/text': { content: '', mode: 0o664 },
  'usr/lib/writable': { directory: 0o755 },
  'usr/bin/link': { link: 'tool' },
  'usr/bin/outside': { link: '/nowhere' },
};

async function modesWith(isWanted: boolean): Promise<string[]> {
  const root = await writeTree(nodes);
  await readonlyExecutables.run(contextFor(root, { readonlyExecutables: isWanted }));
  return Promise.all(Object.keys(nodes).map((path) => modeOf(join(root, path))));
}

it('takes the write bits from executables, and leaves their other bits, other files, directories and links', async () => {
  expect(await modesWith(true)).toEqual(['0555', '4555', '2555', '0500', '0664', '0755', '0777', '0777']);
});

it('leaves all as it is unless it is asked for', async () => {
  expect(await modesWith(false)).toEqual(['0755', '4755', '2775', '0700', '0664', '0755', '0777', '0777']);
});
