import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { libraryIndex } from '../../../src/rootfs/steps/library-index.ts';
import { contextFor, script, shellRoot } from '../support.ts';

const programs = {
  'usr/bin/ldconfig': script('echo "ldconfig $*" >> /calls'),
  'usr/bin/depmod': script('echo "depmod $*" >> /calls'),
};

async function callsIn(root: string): Promise<string> {
  return readFile(join(root, 'calls'), 'utf8');
}

describe('libraryIndex', () => {
  it('indexes modules that have no index', async () => {
    const root = await shellRoot(programs);
    const context = contextFor(root);
    await libraryIndex.run(context);
    expect(await callsIn(root)).toBe('ldconfig -X\ndepmod -a 6.1\n');
    expect([...context.generated.keys()]).toEqual(['/etc/ld.so.cache']);
  });

  it('reads the modules again only if an overlay has some', async () => {
    const root = await shellRoot({ ...programs, 'usr/lib/modules/6.1/modules.dep': '' });
    await libraryIndex.run(contextFor(root));
    expect(await callsIn(root)).toBe('ldconfig -X\n');
    const context = contextFor(root);
    context.generated.set('/usr/lib/modules/6.1/extra/x.ko', 'overlay/drivers');
    await libraryIndex.run(context);
    expect(await callsIn(root)).toBe('ldconfig -X\nldconfig -X\ndepmod -a 6.1\n');
  });

  it('quotes what a program said', async () => {
    const broken = await shellRoot({ 'usr/bin/depmod': script('echo broken >&2', 'exit 1') });
    await expect(libraryIndex.run(contextFor(broken))).rejects.toMatchObject({
      code: 'ROOT_PROGRAM_FAILED',
      message: 'depmod -a 6.1 in the root: exit status 1\nbroken',
    });
  });
});
