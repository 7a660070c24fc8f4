import { appendFile, mkdir, open, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { run } from '../../src/exec/run.ts';
import { program } from '../integration/fixture.ts';
import {
  addPartition,
  attach,
  bootOffset,
  install,
  installAfter,
  installable,
  installDamaged,
  installKilled,
  kernelArguments,
  type Preparation,
  systemSize,
  testDirectory,
  usedDisk,
} from './installable.ts';

const mebibyte = 1024 ** 2;

/** What a file of the disk's boot filesystem says, and its mode. */
async function bootFile(disk: string, path: string): Promise<{ text: string; mode: string }> {
  const image = `${disk}?offset=${bootOffset}`;
  const debugfs = program('debugfs', 'e2fsprogs');
  const { stdout: text } = await run(debugfs, ['-R', `cat ${path}`, image]);
  const { stdout: stat } = await run(debugfs, ['-R', `stat ${path}`, image]);
  return { text, mode: /Mode:\s+(\d+)/.exec(stat)?.[1] ?? '' };
}

async function bytes(file: string, offset: number, length: number): Promise<Buffer> {
  await using handle = await open(file);
  return (await handle.read(Buffer.alloc(length), 0, length, offset)).buffer;
}

async function configFile(directory: string, text = '{"ignition": {"version": "3.3.0"}}'): Promise<string> {
  const file = join(directory, 'config.ign');
  await writeFile(file, text);
  return file;
}

test('whoever wants to know how is told', async () => {
  const { exitCode, stdout } = await install('--help');
  expect({ exitCode, first: stdout.split('\n')[0] }).toEqual({
    exitCode: 0,
    first: 'Usage: cosa-install DEVICE [OPTION]...',
  });
});

// Block devices are the kernel's, and root's.
if (process.getuid?.() === 0) {
  test.each([512, 4096] as const)('a system is installed on a disk with sectors of %d bytes', async (sectorSize) => {
    const directory = await testDirectory();
    const { source, disk: system } = await installable(directory, sectorSize);
    const size = 2 * systemSize + 20 * sectorSize;
    const disk = await usedDisk(join(directory, 'disk'), size);
    const device = await attach(disk, '--sector-size', String(sectorSize));
    await run(program('sgdisk', 'gdisk'), ['-n', '1:0:0', device]);
    const config = await configFile(directory);
    const changes = ['--append-karg', 'a.b=c[1]', '--append-karg=nosmt', '--delete-karg', 'quiet'];
    const first = ['--firstboot-args', 'ip=dhcp rd.neednet=1', '--ignition', config];
    const { exitCode, stdout, stderr } = await install(device, '--source', source, ...changes, ...first);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/^os 1\.2\.3 x86_64 goes to \S+, whose content is lost\nwritten and verified: sha256 /);

    expect((await bytes(disk, 0, mebibyte)).equals(await bytes(system, 0, mebibyte))).toBe(true);
    const root = bootOffset + 3 * mebibyte;
    expect((await bytes(disk, root, systemSize - root)).equals(await bytes(system, root, systemSize - root))).toBe(
      true,
    );
    // Behind it everything is as it was, but for the place of an old partition table.
    expect((await bytes(disk, systemSize, 9)).toString()).toBe('re was he');
    expect((await bytes(disk, size - mebibyte, mebibyte)).some((byte) => byte !== 0)).toBe(false);

    const wanted = `${kernelArguments.replace(' quiet', '')} a.b=c[1] nosmt`;
    expect((await bootFile(disk, '/loader/entries/ostree-1.conf')).text).toContain(`\noptions ${wanted}\nlinux `);
    expect((await bootFile(disk, '/loader/grub.cfg')).text).toContain(`\n  linux /ostree/vmlinuz ${wanted}\n`);
    expect(await bootFile(disk, '/ignition/config.ign')).toEqual({
      text: '{"ignition": {"version": "3.3.0"}}',
      mode: '0600',
    });
    expect((await bootFile(disk, '/ignition')).mode).toBe('0700');
    const stamp = await bootFile(disk, '/ignition.firstboot');
    expect(stamp.text).toBe('set ignition_network_kcmdline="ip=dhcp rd.neednet=1"\n');
    await run(program('e2fsck', 'e2fsprogs'), ['-fn', `${disk}?offset=${bootOffset}`]);
  });

  test('a dry run changes nothing', async () => {
    const directory = await testDirectory();
    const { source } = await installable(directory);
    const disk = await usedDisk(join(directory, 'disk'));
    const before = await readFile(disk);
    const device = await attach(disk);
    const result = await install(device, '--source', source, '--dry-run');
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(result.stdout).toBe(`os 1.2.3 x86_64 goes to ${device}, whose content is lost\n`);
    expect((await readFile(disk)).equals(before)).toBe(true);
  });

  interface Refusal {
    title: string;
    /** Prepares what is wrong. */
    args(place: { directory: string; source: string; device: string }): Promise<string[]> | string[];
    /** With DEVICE, SOURCE and DIRECTORY in the place of those. */
    message: string;
  }

  const refusals: Refusal[] = [
    { title: 'no disk', args: () => [], message: 'name the disk to install on; see cosa-install --help' },
    {
      title: 'two disks',
      args: ({ device }) => [device, '/dev/null'],
      message: 'one disk at a time: DEVICE, or /dev/null',
    },
    {
      title: 'an unknown option',
      args: ({ device }) => [device, '--stream', 'stable'],
      message: 'there is no option --stream; see cosa-install --help',
    },
    {
      title: 'an option without its value',
      args: ({ device }) => [device, '--ignition'],
      message: '--ignition: its value is missing; see cosa-install --help',
    },
    { title: 'no such device', args: () => ['/dev/none'], message: '/dev/none: there is no such device' },
    {
      title: 'a file',
      args: ({ directory }) => [`${directory}/disk`],
      message: 'DIRECTORY/disk: this is no block device',
    },
    { title: 'a character device', args: () => ['/dev/null'], message: '/dev/null: this is no block device' },
    {
      title: 'a read-only device',
      args: async ({ directory }) => [await attach(join(directory, 'disk'), '--read-only')],
      message: '/dev/loopN: it is read-only',
    },
    {
      title: 'a mounted disk',
      async args({ directory, device }) {
        await run(program('mke2fs', 'e2fsprogs'), ['-q', '-F', device]);
        await mkdir(join(directory, 'mounted'));
        await run(program('mount'), [device, join(directory, 'mounted')]);
        onTestFinished(async () => void (await run(program('umount', 'mount'), [join(directory, 'mounted')])));
        return [device];
      },
      message: 'DEVICE: DEVICE is mounted on DIRECTORY/mounted',
    },
    {
      title: 'a disk with a mounted partition',
      async args({ directory, device }) {
        const partition = await addPartition(device);
        await run(program('mke2fs', 'e2fsprogs'), ['-q', '-F', partition]);
        await mkdir(join(directory, 'mounted'));
        await run(program('mount'), [partition, join(directory, 'mounted')]);
        onTestFinished(async () => void (await run(program('umount', 'mount'), [join(directory, 'mounted')])));
        return [device];
      },
      message: 'DEVICE: DEVICEp1 is mounted on DIRECTORY/mounted',
    },
    {
      title: 'a partition',
      args: async ({ device }) => [await addPartition(device)],
      message: 'DEVICEp1: this is a partition; its disk is DEVICE',
    },
    {
      title: 'swap',
      async args({ device }) {
        await run(program('mkswap', 'util-linux'), ['--quiet', device]);
        await run(program('swapon', 'mount'), [device]);
        onTestFinished(async () => void (await run(program('swapoff', 'mount'), [device])));
        return [device];
      },
      message: 'DEVICE: DEVICE is in use as swap',
    },
    {
      title: 'a small disk',
      async args({ directory }) {
        await truncate(join(directory, 'disk'), systemSize - 4096);
        return [await attach(join(directory, 'disk'))];
      },
      message: `/dev/loopN: it has ${systemSize - 4096} bytes, and os 1.2.3 x86_64 needs ${systemSize}`,
    },
    {
      title: 'sectors of which there is no system',
      args: async ({ directory }) => [await attach(join(directory, 'disk'), '--sector-size', '4096')],
      message: '/dev/loopN: its sectors have 4096 bytes, and the medium holds no system for such',
    },
    {
      title: 'no medium',
      args: ({ device, source }) => [device, '--source', `${source}/none`],
      message: 'SOURCE/none is not there: this works in a live system alone, or with --source',
    },
    {
      title: 'a layout that cannot be read',
      async args({ device, source }) {
        await appendFile(join(source, '512/layout'), 'data 0 1 ../root.img 0\n');
        return [device];
      },
      message: 'SOURCE/512/layout: cannot be read: 0 1 ../root.img 0',
    },
    {
      title: 'a layout without its file',
      async args({ device, source }) {
        await rm(join(source, '../root.img'));
        return [device];
      },
      message: 'SOURCE/512/layout: there is no file ../root.img',
    },
    {
      title: 'an Ignition config that is not there',
      args: ({ device }) => [device, '--ignition', '/none.ign'],
      message: '/none.ign: there is no such file',
    },
    {
      title: 'a Butane config',
      args: async ({ device, directory }) => [device, '--ignition', await configFile(directory, 'variant: fcos\n')],
      message: 'DIRECTORY/config.ign: this is no JSON; a Butane config is translated by: butane FILE.bu > FILE.ign',
    },
    ...['{}', '[]', '"text"', '{"ignition": {"version": "2.3.0"}}', '{"ignition": "3.3.0"}'].map((text) => ({
      title: `the Ignition config ${text}`,
      args: async ({ device, directory }: { device: string; directory: string }) => [
        device,
        '--ignition-file',
        await configFile(directory, text),
      ],
      message:
        'DIRECTORY/config.ign: this is no Ignition config of version 3; one begins with {"ignition": {"version": "3.3.0"}}',
    })),
    ...['a b', 'a;reboot', '$x', "'", '"', 'a\nb', ''].map((argument) => ({
      title: `the kernel argument ${JSON.stringify(argument)}`,
      args: ({ device }: { device: string }) => [device, '--append-karg', argument],
      message: `"${argument}": a kernel argument has letters, digits and ][._,:=/@%+~^- here, and nothing else`,
    })),
    ...['";halt', '";halt;*', '"$x[1]'].map((argument) => ({
      title: `the first-boot argument ${argument}`,
      args: ({ device }: { device: string }) => [device, '--firstboot-args', `ip=dhcp ${argument}`],
      message: `"${argument}": a kernel argument has letters, digits and ][._,:=/@%+~^- here, and nothing else`,
    })),
  ];

  test.each(refusals)('refused before anything is written: $title', async ({ args, message }) => {
    const directory = await testDirectory();
    const { source } = await installable(directory);
    const disk = await usedDisk(join(directory, 'disk'));
    const device = await attach(disk);
    const given = await args({ directory, source, device });
    const before = await readFile(disk);
    const { exitCode, stdout, stderr } = await install('--source', source, ...given);
    const said = stderr
      .replaceAll(source, 'SOURCE')
      .replaceAll(directory, 'DIRECTORY')
      .replaceAll(device, 'DEVICE')
      .replaceAll(/\/dev\/loop\d+/g, '/dev/loopN');
    expect({ exitCode, stdout, said }).toEqual({ exitCode: 1, stdout: '', said: `cosa-install: ${message}\n` });
    expect((await readFile(disk)).equals(before)).toBe(true);
  });

  /** Has the kernel say that something is built on the device. */
  const heldBy = (prepare: string) => `
    holder=$2/holders/dm-0
    mkdir --parents $holder
    ${prepare}
    mount --bind $2/holders "$(realpath /sys/class/block/\${1##*/})/holders"`;

  const refusedLater: (Preparation & { title: string; message: string })[] = [
    {
      title: 'with a volume',
      script: heldBy('mkdir $holder/dm; echo vg-home > $holder/dm/name'),
      message: 'DEVICE: DEVICE is held by /dev/mapper/vg-home',
    },
    { title: 'of which another device is made', script: heldBy(''), message: 'DEVICE: DEVICE is held by /dev/dm-0' },
    {
      title: 'with the live medium',
      script: `
        mke2fs -q -F $1
        mount -t tmpfs tmpfs /run
        mkdir --parents /run/media/iso
        mount -o ro $1 /run/media/iso`,
      message: 'DEVICE: the live system runs from it; boot with coreos.liveiso.fromram to install there',
    },
    {
      title: 'during another installation',
      script: 'mount -t tmpfs tmpfs /run; exec 7> /run/cosa-install.lock; flock 7',
      message: 'another cosa-install is at work',
    },
    {
      title: 'of another user',
      script: '',
      command: 'unshare --user',
      message: 'only root may do this: sudo cosa-install',
    },
  ];

  test.each(refusedLater)('refused: a disk $title', async ({ message, ...preparation }) => {
    const directory = await testDirectory();
    const { source } = await installable(directory);
    const disk = await usedDisk(join(directory, 'disk'));
    const device = await attach(disk);
    const { exitCode, stdout, stderr } = await installAfter(preparation, device, directory, '--source', source);
    expect({ exitCode, stdout, said: stderr.replaceAll(device, 'DEVICE') }).toEqual({
      exitCode: 1,
      stdout: '',
      said: `cosa-install: ${message}\n`,
    });
    expect((await readFile(disk)).equals(await readFile(join(directory, 'before')))).toBe(true);
  });

  test('udev, which looks at the disk, is waited for', async () => {
    const directory = await testDirectory();
    const { source } = await installable(directory);
    const device = await attach(await usedDisk(join(directory, 'disk')));
    // Lets go of the disk when there is nothing to do any more but to write.
    const script = `
      mkfifo $2/said
      exec 7< $1
      flock --shared 7
      { read -r line; exec 7<&-; cat; } < $2/said > /dev/null &
      exec > $2/said 7<&-`;
    const { exitCode, stderr } = await installAfter({ script }, device, directory, '--source', source);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });

  describe('what fails later leaves no system', () => {
    test('a damaged medium', async () => {
      const directory = await testDirectory();
      const { source } = await installable(directory);
      const disk = await usedDisk(join(directory, 'disk'));
      const device = await attach(disk);
      await using file = await open(join(source, '../root.img'), 'r+');
      await file.write('x', 4711);
      const { exitCode, stderr } = await install(device, '--source', source);
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(
        /^cosa-install: the medium is damaged, or the disk: sha256 \w{64} was read from it, and \w{64} was published\n/,
      );
      expect(stderr).toContain(`cosa-install: nothing was installed; ${device} has no partitions now\n`);
      expect((await bytes(disk, 0, mebibyte)).some((byte) => byte !== 0)).toBe(false);
    });

    test.each([
      ['read past the memory', true],
      ['read through the memory alone', false],
    ])('a disk that has not kept what was written, and is %s', async (_, canBypass) => {
      const directory = await testDirectory();
      const { source } = await installable(directory);
      const disk = await usedDisk(join(directory, 'disk'));
      const device = await attach(disk);
      const offset = systemSize - 4711;
      const damage = { disk, offset, canBypass };
      const { exitCode, stderr } = await installDamaged(directory, damage, device, '--source', source);
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(/^cosa-install: the medium is damaged, or the disk: sha256 \w{64} was read from it/);
      expect((await bytes(disk, offset, 1)).toString()).toBe('X');
      expect((await bytes(disk, 0, mebibyte)).some((byte) => byte !== 0)).toBe(false);
    });

    test('a disk that has not kept the partition table', async () => {
      const directory = await testDirectory();
      const { source } = await installable(directory);
      const disk = await usedDisk(join(directory, 'disk'));
      const device = await attach(disk);
      const damage = { disk, offset: 700, canBypass: true };
      const { exitCode, stderr } = await installDamaged(directory, damage, device, '--source', source);
      expect({ exitCode, stderr }).toEqual({
        exitCode: 1,
        stderr: `cosa-install: the disk is damaged: it has not kept the partition table
cosa-install: nothing was installed; ${device} has no partitions now
`,
      });
      expect((await bytes(disk, 0, mebibyte)).some((byte) => byte !== 0)).toBe(false);
    });

    test('more kernel arguments than the kernel reads', async () => {
      const directory = await testDirectory();
      const { source } = await installable(directory);
      const disk = await usedDisk(join(directory, 'disk'));
      const device = await attach(disk);
      const { exitCode, stderr } = await install(device, '--source', source, '--append-karg', 'a'.repeat(2000));
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(/^cosa-install: the kernel reads 2047 characters of arguments, and these are 21\d\d\n/);
      expect((await bytes(disk, 0, mebibyte)).some((byte) => byte !== 0)).toBe(false);
    });
  });

  test('killed at any step, the disk boots what it did, nothing, or the whole system', async () => {
    const directory = await testDirectory();
    const { source, disk: system } = await installable(directory);
    const config = await configFile(directory);
    const start = await bytes(system, 0, mebibyte);
    const states: string[] = [];
    for (let call = 1, ended = false; !ended; call += 1) {
      const disk = await usedDisk(join(directory, `disk-${call}`));
      const before = await readFile(disk);
      const device = await attach(disk);
      const exitCode = await installKilled(directory, call, device, '--source', source, '--ignition', config);
      ended = exitCode === 0;
      const after = await readFile(disk);
      if (after.equals(before)) states.push('untouched');
      else if (!after.subarray(0, 512).some((byte) => byte !== 0)) states.push('nothing');
      else {
        // All that comes last is there.
        expect(after.subarray(0, mebibyte).equals(start)).toBe(true);
        expect((await bootFile(disk, '/ignition/config.ign')).text).toContain('3.3.0');
        await run(program('e2fsck', 'e2fsprogs'), ['-fn', `${disk}?offset=${bootOffset}`]);
        states.push('whole');
      }
      await rm(disk);
    }
    expect(states.filter((state, index) => state !== states[index - 1])).toEqual(['untouched', 'nothing', 'whole']);
    expect(states.filter((state) => state === 'nothing').length).toBeGreaterThan(15);
  }, 180_000);
}
