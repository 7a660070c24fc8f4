import { closeSync, ftruncateSync, openSync } from 'node:fs';
import { chmod, cp, lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { btrfs } from '../../../src/disk/filesystems/btrfs.ts';
import type { Filesystem, FilesystemWriter } from '../../../src/disk/filesystems/filesystem.ts';
import type { DirectoryNode, TreeNode } from '../../../src/disk/filesystems/tree.ts';
import { xfs } from '../../../src/disk/filesystems/xfs.ts';
import { fileOutput, rangesOutput } from '../../../src/disk/output.ts';
import { mountImage } from '../../../src/exec/mounted-image.ts';
import { asNamespaceRoot, isRealRoot } from '../../../src/exec/namespace.ts';
import { run } from '../../../src/exec/run.ts';
import { type Tool, tools } from '../../../src/exec/tools.ts';
import { debianRoot } from '../../helpers/debian-root.ts';
import { asOrdinaryUser } from '../../helpers/ordinary-user.ts';
import { capability, contentOf, label, manyKinds } from './by-program/many-kinds.ts';
import { directory, file } from './tree.ts';

const mebibyte = 1 << 20;
const uuid = '6a4c7b0e-1d2f-8a3b-9c4d-5e6f70819203';

let base: string;
/** Programs of Debian's newest xfsprogs, which fill a filesystem from a directory. */
let newest: string;
const canMount = await isRealRoot();

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'cosa-by-program-'));
  newest = join(base, 'newest');
  await mkdir(newest);
  const root = await debianRoot({ suite: 'sid', packages: ['xfsprogs'], state: 'unpacked' });
  const [libraries] = (await readdir(join(root, 'usr/lib'))).filter((name) => name.endsWith('-linux-gnu'));
  const [loader] = (await readdir(join(root, 'usr/lib', libraries as string))).filter((name) =>
    name.startsWith('ld-linux'),
  );
  // An ordinary user may not be able to get to the root's directory.
  const files = join(base, 'newest-files');
  await cp(join(root, 'usr/lib', libraries as string), files, { recursive: true, verbatimSymlinks: true });
  for (const name of ['mkfs.xfs', 'xfs_db', 'xfs_repair']) {
    await cp(join(root, 'usr/sbin', name), join(files, name));
    const command = [join(files, loader as string), '--library-path', files, join(files, name)];
    await writeFile(join(newest, name), `#!/bin/sh\nexec ${command.join(' ')} "$@"\n`);
    await chmod(join(newest, name), 0o755);
  }
}, 600_000);
afterAll(() => rm(base, { recursive: true }));
afterEach(() => void vi.unstubAllEnvs());

interface Case {
  name: string;
  filesystem: Filesystem;
  /** Said of the program that is used. */
  version: RegExp;
  hasImmutable: boolean;
  prepare(): void;
}

const cases: Case[] = [
  {
    name: 'xfs, filled from a directory',
    filesystem: xfs,
    version: /^mkfs\.xfs [7-9]\.\d/,
    hasImmutable: true,
    prepare: () => void vi.stubEnv('PATH', `${newest}${delimiter}${process.env.PATH}`),
  },
  ...(canMount
    ? [
        {
          name: 'xfs, mounted',
          filesystem: xfs,
          version: /^mkfs\.xfs \d+\.\d/,
          hasImmutable: true,
          prepare: () => undefined,
        },
      ]
    : []),
  {
    name: 'btrfs',
    filesystem: btrfs,
    version: /^mkfs\.btrfs \d+\.\d/,
    hasImmutable: false,
    prepare: () => undefined,
  },
];

async function write(
  filesystem: Filesystem,
  makeTree: (writer: FilesystemWriter) => DirectoryNode,
  more: { size?: number; options?: string; sectorSize?: 512 | 4096 } = {},
) {
  const { size, options = '', sectorSize = 512 } = more;
  const image = join(base, 'filesystem');
  const descriptor = openSync(image, 'w');
  const scratch = await mkdtemp(join(base, 'scratch-'));
  try {
    const output = fileOutput(descriptor);
    const request = {
      output,
      label: 'root',
      uuid,
      timestamp: 1_700_000_000,
      sectorSize,
      hiddenSectors: 0,
      options,
      optionsKey: 'image.json: "rootfs-args"',
      scratch,
      signal: new AbortController().signal,
    };
    let bytes: number;
    {
      await using writer = await filesystem.begin(request);
      bytes = await writer.finish(makeTree(writer), size);
    }
    output.finish();
    ftruncateSync(descriptor, bytes);
    return { image, bytes };
  } finally {
    closeSync(descriptor);
    expect(await readdir(scratch)).toEqual([]);
    await rm(scratch, { recursive: true });
  }
}

const checker = (name: string, deb: string): Tool => ({
  name,
  packages: { deb, rpm: deb },
  purpose: 'checks filesystems',
});

/** Takes contents that a tree names, where the tree is only compared with. */
const nowhere: FilesystemWriter = {
  create: (size) => ({ write: () => undefined, close: () => ({ size }) }),
  reserve: (size) => ({ size }),
  finish: () => Promise.resolve(0),
  placeOf: () => undefined,
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

async function check(filesystem: Filesystem, image: string): Promise<void> {
  if (filesystem === xfs) await run(checker('xfs_repair', 'xfsprogs'), ['-n', '-f', image]);
  else await run(checker('btrfs', 'btrfs-progs'), ['check', '--readonly', image]);
}

const statTools = { getfattr: tools.getfattr, lsattr: checker('lsattr', 'e2fsprogs') };

/** Compares a tree with what the kernel shows of the filesystem. */
async function expectMounted(image: string, type: string, root: DirectoryNode, hasLabels: boolean) {
  const mountPoint = await mkdtemp(join(base, 'mounted-'));
  await using mounted = await mountImage(image, mountPoint, {
    type,
    options: ['ro', ...(type === 'xfs' ? ['nouuid', 'norecovery'] : [])],
  });
  const ask = async (tool: Tool, args: string[]) => {
    const inside = mounted.command(tool, args);
    return (await run(inside.tool, inside.args)).stdout;
  };
  const copy = await mkdtemp(join(base, 'copy-'));
  await ask(tools.cp, ['--archive', `${mountPoint}/.`, copy]);
  const compare = async (node: TreeNode, path: string): Promise<void> => {
    const stats = await lstat(join(copy, path));
    const { mode, uid, gid, mtime } = node;
    // mkfs.xfs and mkfs.btrfs give the root directory a time of their own.
    const seconds = path === '.' ? mtime : stats.mtimeMs / 1000;
    expect([path, stats.uid, stats.gid, seconds]).toEqual([path, uid, gid, mtime]);
    if (node.kind !== 'symlink') expect([path, stats.mode & 0o7777]).toEqual([path, mode]);
    if (node.kind === 'symlink') expect(await readlink(join(copy, path), 'latin1')).toBe(node.target);
    else if (node.kind === 'file') expect(contentOf(node)?.equals(await readFile(join(copy, path)))).toBe(true);
    else {
      expect((await readdir(join(copy, path), 'latin1')).sort()).toEqual([...node.entries.keys()].sort());
      for (const [name, child] of node.entries)
        await compare(child, join(path, Buffer.from(name, 'latin1').toString()));
    }
  };
  await compare(root, '.');
  const inodes = await Promise.all(
    ['bin/ping', 'bin/hard link', 'link', 'link to the link'].map((path) => lstat(join(copy, path))),
  );
  expect([inodes[0]?.ino === inodes[1]?.ino, inodes[2]?.ino === inodes[3]?.ino]).toEqual([true, true]);
  const attributes = await ask(statTools.getfattr, [
    '--absolute-names',
    '--dump',
    '--match=-',
    '--encoding=hex',
    `${mountPoint}/bin/ping`,
    `${mountPoint}/tmp`,
  ]);
  expect(attributes).toContain(`security.capability=0x${capability.toString('hex')}`);
  expect(attributes.includes(`security.selinux=0x${label.toString('hex')}`)).toBe(hasLabels);
  expect(attributes).toContain('user.note=0x0001ff');
  const flags = type === 'xfs' ? await ask(statTools.lsattr, ['-d', `${mountPoint}/deploy/C`]) : '';
  return { isImmutable: /^\S*i/.test(flags) };
}

describe.each(cases)('$name', ({ filesystem, version, hasImmutable, prepare }) => {
  beforeEach(prepare);

  it('is made with everything that a tree has', { timeout: 120_000 }, async () => {
    let tree = directory();
    const { image } = await write(filesystem, (writer) => (tree = manyKinds(writer, canMount)));
    await check(filesystem, image);
    if (!canMount) return;
    expect(await expectMounted(image, filesystem.name, tree, canMount)).toEqual({ isImmutable: hasImmutable });
  });

  if (filesystem === xfs) {
    it('takes options that shape it', { timeout: 60_000 }, async () => {
      const { image } = await write(xfs, () => directory(), { options: '-m reflink=0 -i maxpct=10' });
      await check(xfs, image);
    });
  }

  it('is as large as it is told, in either size of sectors', { timeout: 60_000 }, async () => {
    for (const sectorSize of [512, 4096] as const) {
      const { image, bytes } = await write(filesystem, () => directory({ a: file('a') }), {
        size: 400 * mebibyte,
        sectorSize,
      });
      expect(bytes).toBe(400 * mebibyte);
      await check(filesystem, image);
    }
  });

  it('says how much a tree needs that has no room', { timeout: 60_000 }, async () => {
    const bytes = Buffer.alloc(500 * mebibyte, 'x');
    const made = write(filesystem, () => directory({ a: file(bytes) }), { size: 400 * mebibyte });
    await expect(made).rejects.toMatchObject({
      code: 'FILESYSTEM_FULL',
      message: expect.stringMatching(
        /^the root filesystem needs \d+ bytes \(\d{3} MiB\), and its partition has 419430400 bytes \(400 MiB\)$/,
      ) as string,
    });
  });

  it('names the program that decides its bytes, and sees no obstacle', async () => {
    expect(await filesystem.host?.obstacle()).toBeUndefined();
    expect((await filesystem.host?.versions())?.[0]).toMatch(version);
  });

  it.each(['-d name=/dev/sda', '--rootdir /etc', '-p /etc/shadow', '-m'])('refuses %s', async (options) => {
    await expect(write(filesystem, () => directory(), { options })).rejects.toMatchObject({
      code: 'FILESYSTEM_OPTION',
      exitStatus: 2,
    });
  });

  it('refuses names that tar cannot carry, and a tree that came from elsewhere', async () => {
    const odd = directory({}, { entries: new Map([['\xff', file('')]]) });
    await expect(write(filesystem, () => odd)).rejects.toMatchObject({
      code: 'FILESYSTEM_ENTRY',
      message: `/\\xff cannot be stored in ${filesystem.name}: it has a name or target that is not UTF-8`,
    });
    await expect(write(filesystem, () => directory({ a: file({ size: 1 }) }))).rejects.toThrow(
      'this content was stored elsewhere',
    );
    await expect(write(filesystem, (writer) => directory({ a: file(writer.reserve(1)) }))).rejects.toThrow(RangeError);
  });
});

describe('a host that cannot', () => {
  async function withPrograms(...names: string[]) {
    const empty = await mkdtemp(join(base, 'programs-'));
    for (const name of names) {
      await writeFile(join(empty, name), '#!/bin/sh\necho "the version 6.1.0"\n');
      await chmod(join(empty, name), 0o755);
    }
    vi.stubEnv('PATH', `${empty}${delimiter}${process.env.PATH}`);
  }

  it('has an old mkfs.xfs and a user who is not root', async () => {
    await withPrograms('mkfs.xfs');
    vi.spyOn(process, 'getuid').mockReturnValue(1000);
    const message =
      'mkfs.xfs 6.1.0 of this host cannot fill an XFS filesystem from a directory, and only root can mount one';
    const hint =
      'install xfsprogs 6.17 or newer, run the command as root, or set "rootfs: ext4" in image.yaml and build the container again';
    expect(await xfs.host?.obstacle()).toMatchObject({ code: 'FILESYSTEM_UNSUPPORTED', exitStatus: 3, message, hint });
    await expect(write(xfs, () => directory())).rejects.toMatchObject({ code: 'FILESYSTEM_UNSUPPORTED' });
  });

  it('has a mkfs.btrfs that makes a root directory of its own', async () => {
    await withPrograms('mkfs.btrfs');
    await expect(write(btrfs, () => directory({}, { mode: 0o700 }))).rejects.toMatchObject({
      code: 'FILESYSTEM_UNSUPPORTED',
      exitStatus: 3,
      message: 'mkfs.btrfs 6.1.0 of this host gives the root directory neither its mode nor its label',
      hint: 'install btrfs-progs 6.14 or newer, or set "rootfs: ext4" in image.yaml and build the container again',
    });
  });

  it('has a user without subordinate ids', async () => {
    vi.spyOn(process, 'getuid').mockReturnValue(4_000_000);
    expect(await btrfs.host?.obstacle()).toMatchObject({
      code: 'SUBIDS_MISSING',
      hint: expect.stringContaining('usermod --add-subuids') as string,
    });
  });
});

describe('an ordinary user with subordinate ids', () => {
  it.each(['xfs', 'btrfs'])('makes %s with all owners', { timeout: 120_000 }, async (name) => {
    const place = await mkdtemp(join(base, 'user-'));
    // Everybody may get there.
    for (const path of [base, newest]) await chmod(path, 0o755);
    await chmod(place, 0o777);
    const program = 'test/disk/filesystems/by-program/as-user.ts';
    const { tool, args } = await asOrdinaryUser(place, program, [name, place]);
    const { stdout } = await run(tool, args, { env: { PATH: `${newest}${delimiter}${process.env.PATH}` } });
    expect(stdout).toBe('54321 0\n');
    const image = join(place, 'image');
    await check(name === 'xfs' ? xfs : btrfs, image);
    const tree = manyKinds(nowhere, false);
    const { isImmutable } = await expectMounted(image, name, tree, false);
    expect(isImmutable).toBe(name === 'xfs');
  });
});

it('is the command itself for root', async () => {
  vi.spyOn(process, 'getuid').mockReturnValue(0);
  expect(await asNamespaceRoot(tools.tar, ['-x'])).toEqual({ tool: tools.tar, args: ['-x'] });
});

it('writes nothing once it is stopped', async () => {
  const output = rangesOutput();
  const scratch = await mkdtemp(join(base, 'scratch-'));
  await using writer = await btrfs.begin({
    output,
    label: 'root',
    uuid,
    timestamp: 1,
    sectorSize: 512,
    hiddenSectors: 0,
    options: '',
    optionsKey: 'options',
    scratch,
    signal: AbortSignal.abort(new Error('stop')),
  });
  await expect(writer.finish(directory())).rejects.toThrow('stop');
  expect(output.ranges()).toEqual([]);
});
