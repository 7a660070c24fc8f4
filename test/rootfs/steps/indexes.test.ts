import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { indexes } from '../../../src/rootfs/steps/indexes.ts';
import { contextFor, script, shellRoot } from '../support.ts';

const modules = 'usr/lib/modules/6.1';
const programs = {
  'usr/bin/ldconfig': script('echo "ldconfig $*" >> /calls', 'echo > /etc/ld.so.cache'),
  'usr/bin/depmod': script('echo "depmod $*" >> /calls', `echo > /${modules}/modules.dep`),
  'usr/bin/systemd-hwdb': script('echo "hwdb $*" >> /calls', 'echo > /usr/lib/udev/hwdb.bin'),
  'usr/lib/udev': { directory: 0o755 },
  etc: { directory: 0o755 },
  [modules]: { directory: 0o755 },
};

/** A root whose packages have made their indexes. */
const indexed = {
  ...programs,
  [`${modules}/modules.dep`]: '',
  [`${modules}/modules.builtin`]: 'of the package',
  [`${modules}/modules.builtin.bin`]: '',
  'usr/lib/udev/hwdb.bin': '',
};

async function callsAfter(root: string, overlayPath?: string) {
  const context = contextFor(root);
  if (overlayPath !== undefined) context.generated.set(overlayPath, 'overlay/05core');
  await indexes.run(context);
  const calls = (await readFile(join(root, 'calls'), 'utf8')).split('\n').slice(0, -1);
  return { calls, generated: [...context.generated].filter(([, component]) => component !== 'overlay/05core') };
}

describe('indexes', () => {
  it('makes what is missing', async () => {
    expect(await callsAfter(await shellRoot(programs))).toEqual({
      calls: ['ldconfig -X', 'depmod -a 6.1', 'hwdb update --usr'],
      generated: [
        ['/etc/ld.so.cache', 'library-index'],
        [`/${modules}/modules.dep`, 'kernel-module-index'],
        ['/usr/lib/udev/hwdb.bin', 'hardware-database'],
      ],
    });
  });

  it('keeps what the packages made, which takes long to make again', async () => {
    expect(await callsAfter(await shellRoot(indexed))).toEqual({
      calls: ['ldconfig -X'],
      generated: [
        ['/etc/ld.so.cache', 'library-index'],
        [`/${modules}/modules.builtin.bin`, 'kernel-module-index'],
        [`/${modules}/modules.dep`, 'kernel-module-index'],
        ['/usr/lib/udev/hwdb.bin', 'hardware-database'],
      ],
    });
  });

  it.each([
    ['/usr/lib/modules/6.1/extra/x.ko', 'depmod -a 6.1'],
    ['/usr/lib/udev/hwdb.d/90-ours.hwdb', 'hwdb update --usr'],
  ])('makes anew what an overlay adds to: %s', async (path, call) => {
    expect((await callsAfter(await shellRoot(indexed), path)).calls).toEqual(['ldconfig -X', call]);
  });

  it('needs no hardware database, but depmod', async () => {
    const root = await shellRoot({ 'usr/bin/depmod': script('echo broken >&2', 'exit 1') });
    await expect(indexes.run(contextFor(root))).rejects.toMatchObject({
      code: 'ROOT_PROGRAM_FAILED',
      message: '/usr/sbin/depmod -a 6.1 in the root: exit status 1\nbroken',
    });
  });
});
