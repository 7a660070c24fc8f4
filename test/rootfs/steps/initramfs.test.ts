import { execFileSync } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { initramfsCache } from '../../../src/rootfs/initramfs/cache.ts';
import { initramfs } from '../../../src/rootfs/steps/initramfs.ts';
import {
  contextFor,
  copyProgram,
  modeOf,
  readTree,
  script,
  shellRoot,
  temporaryDirectory,
  writeTree,
} from '../support.ts';

/**
 * A dracut that writes an image of what it read, and counts how often it ran.
 */
const dracut = script(
  'while [ $# -gt 0 ]; do case $1 in --tmpdir) work=$2; shift;; --kver) release=$2; shift;; esac; output=$1; shift; done',
  'echo run >> /runs',
  'for name in /etc/vconsole.conf /usr/lib/ostree/prepare-root.conf /usr/lib/tool; do',
  '  [ -e "$name" ] || continue',
  '  while read -r line; do echo "$name: $line"; done < "$name"',
  'done > "$output"',
  'echo "release $release" >> "$output"',
);

const root = {
  'usr/bin/dracut': dracut,
  'usr/lib/modules/6.1/modules.dep': '',
  'usr/lib/dracut/modules.d/98ostree/module-setup.sh':
    'test -f "$r/ostree/prepare-root.conf"; [ -f /etc/vconsole.conf ]',
  'usr/lib/sysctl.d/10-a.conf': 'a',
  'etc/motd': 'hello',
};

const image = 'usr/lib/modules/6.1/initramfs.img';

async function counted(directory: string): Promise<number> {
  return ((await readTree(directory))['/runs'] ?? '').split('\n').length - 1;
}

describe('initramfs', () => {
  it('makes an image for the kernel that root alone may read', async () => {
    const directory = await shellRoot({ ...root, 'etc/vconsole.conf': 'KEYMAP=us\n' });
    const context = contextFor(directory);
    await initramfs.run(context);
    expect((await readTree(directory))[`/${image}`]).toBe('/etc/vconsole.conf: KEYMAP=us\nrelease 6.1\n');
    expect(await modeOf(join(directory, image))).toBe('0600');
    expect([...context.generated]).toEqual([[`/${image}`, 'initramfs']]);
  });

  it.each([
    ['as it finds dracut', {}, '--compress gzip -6 -n'],
    ['by zstd where the root has it', { 'usr/bin/zstd': '' }, '--compress zstd -7 -T2 -q'],
    ['as the packages say', { 'usr/lib/dracut/dracut.conf.d/01-dist.conf': 'hostonly="yes"\ncompress="xz"\n' }, ''],
    ['as the config says', { 'etc/dracut.conf.d/coreos.conf': '  compress="zstd -19 -q -T0"\n' }, ''],
    [
      'as it finds dracut, whatever is commented out',
      { 'etc/dracut.conf': '# compress="xz"\n' },
      '--compress gzip -6 -n',
    ],
  ])('calls dracut with the module that deploys the system, and compresses %s', async (_how, nodes, compress) => {
    const said = script('options=$*', 'while [ $# -gt 0 ]; do output=$1; shift; done', 'echo "$options" > "$output"');
    const directory = await shellRoot({ ...root, 'usr/bin/dracut': said, ...nodes });
    await initramfs.run(contextFor(directory, { initramfsArguments: ['--add', 'fips'] }));
    const chosen = ['--add ostree', ...(compress === '' ? [] : [compress]), '--add fips'].join(' ');
    expect((await readTree(directory))[`/${image}`]).toBe(
      `--no-hostonly --reproducible --force --kver 6.1 --keep --tmpdir /run/cosa-dracut ${chosen} /run/cosa-dracut/initramfs.img\n`,
    );
  });

  it.each(['base', 'base\nfips\nostree'])(
    'adds what FIPS mode reads first, where it is for that: %j',
    async (modules) => {
      const collecting = script(
        'while [ $# -gt 0 ]; do case $1 in --tmpdir) work=$2; shift;; esac; output=$1; shift; done',
        'mkdir -p "$work/dracut.1/initramfs/usr/lib/dracut"',
        `echo '${modules}' > "$work/dracut.1/initramfs/usr/lib/dracut/modules.txt"`,
        'printf 12345 > "$output"',
      );
      const directory = await shellRoot({ ...root, 'usr/bin/dracut': collecting });
      await copyProgram('mkdir', directory);
      await initramfs.run(contextFor(directory));
      const bytes = await readFile(join(directory, image));
      expect(bytes.subarray(0, 5).toString()).toBe('12345');
      if (!modules.includes('fips')) {
        expect(bytes).toHaveLength(5);
        return;
      }
      // Four zeros at least, and then at a multiple of four.
      expect(bytes.subarray(5, 12)).toEqual(Buffer.alloc(7));
      const listed = execFileSync('cpio', ['--list', '--verbose', '--numeric-uid-gid', '--quiet'], {
        input: bytes.subarray(12),
      });
      expect(
        String(listed)
          .split('\n')
          .map((line) => line.replace(/ +/g, ' ').replace(/ [A-Z][a-z]{2} \d+ \d+ /, ' ')),
      ).toEqual([
        'drwxr-xr-x 1 0 0 0 dev',
        'crw-rw-rw- 1 0 0 1, 8 dev/random',
        'crw-rw-rw- 1 0 0 1, 9 dev/urandom',
        '',
      ]);
    },
  );

  it('makes the same image on any day', async () => {
    const dated = script(
      'while [ $# -gt 0 ]; do output=$1; shift; done',
      'echo "root:*:$((SOURCE_DATE_EPOCH / 86400)):" > "$output"',
    );
    const images = [1_700_000_000, 1_800_000_000].map(async (timestamp) => {
      const directory = await shellRoot({ ...root, 'usr/bin/dracut': dated });
      await initramfs.run(contextFor(directory, { timestamp }));
      return (await readTree(directory))[`/${image}`];
    });
    expect(await Promise.all(images)).toEqual(['root:*:1:\n', 'root:*:1:\n']);
  });

  describe('with a cache', () => {
    async function twice(change: (directory: string) => Promise<void>, packagesKey = 'packages') {
      const cache = initramfsCache(await temporaryDirectory());
      const directory = await shellRoot(root);
      await initramfs.run(contextFor(directory, { initramfsCache: cache }));
      await rm(join(directory, image));
      await change(directory);
      await initramfs.run(contextFor(directory, { initramfsCache: cache, packagesKey }));
      return { runs: await counted(directory), image: (await readTree(directory))[`/${image}`] };
    }

    it('is not made again when something changes that dracut does not look at', async () => {
      const result = await twice((directory) => writeFile(join(directory, 'etc/motd'), 'changed'));
      expect(result).toEqual({ runs: 1, image: 'release 6.1\n' });
    });

    it.each([
      ['a file that its scripts name appears', 'etc/vconsole.conf', 'x\n', '/etc/vconsole.conf: x\nrelease 6.1\n'],
      [
        'a file that its scripts name after a variable appears',
        'usr/lib/ostree/prepare-root.conf',
        'x\n',
        '/usr/lib/ostree/prepare-root.conf: x\nrelease 6.1\n',
      ],
      ['its own code changes', 'usr/lib/dracut/modules.d/98ostree/module-setup.sh', '', 'release 6.1\n'],
      ['a program appears', 'usr/bin/new', '', 'release 6.1\n'],
      ['a kernel module appears', 'usr/lib/modules/6.1/new.ko', '', 'release 6.1\n'],
    ])('is made again when %s', async (_, path, content, expected) => {
      const result = await twice(async (directory) => void (await writeTree({ [path]: content }, directory)));
      expect(result).toEqual({ runs: 2, image: expected });
    });

    it('is made again for other packages', async () => {
      expect((await twice(() => Promise.resolve(), 'others')).runs).toBe(2);
    });
  });

  it.each([
    [{}, 'DRACUT_MISSING', 'the packages do not have dracut, which makes the initramfs'],
    [
      { 'usr/bin/dracut': script('echo "no module ostree" >&2', 'exit 1') },
      'DRACUT_FAILED',
      'dracut ended with exit status 1\nno module ostree',
    ],
    [{ 'usr/bin/dracut': script('exit 0') }, 'DRACUT_FAILED', 'dracut ended with exit status 0\n'],
  ])('refuses %#', async (nodes, code, message) => {
    await expect(initramfs.run(contextFor(await shellRoot(nodes)))).rejects.toMatchObject({ code, message });
  });
});
