import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, check, clean, directory, file, makeImage, store, symlink } from './ext4/image.ts';

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'cosa-ext4-'));
});
afterAll(() => rm(base, { recursive: true }));

describe('ext4', () => {
  it('stores every kind of entry', async () => {
    const image = join(base, 'kinds');
    const selinux = (label: string) => ({ name: 'security.selinux', value: Buffer.from(`${label}\0`) });
    const capability = {
      name: 'security.capability',
      value: Buffer.from('0100000200200000000000000000000000000000', 'hex'),
    };
    await makeImage(image, (writer) => {
      const shared = file(store(writer, Buffer.from('shared')), {
        xattrs: [selinux('system_u:object_r:bin_t:s0'), capability],
      });
      return directory({
        empty: file(''),
        large: file(store(writer, Buffer.alloc(3 << 20, 'large'), 5000)),
        one: shared,
        two: shared,
        many: directory(
          Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`file number ${i} of many`, file(`${i}`)])),
        ),
        short: symlink('one'),
        long: symlink('x/'.repeat(500)),
        deep: directory({ deeper: directory({}, { isImmutable: true }) }),
      });
    });
    expect(await check(image)).toMatchObject(clean);
    expect(await ask(image, 'cat /one')).toBe('shared');
  });
});
