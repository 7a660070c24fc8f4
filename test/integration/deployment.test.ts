import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { osReleasePaths } from '../../src/disk/base-disk/roles.ts';
import { bootFilesystem } from '../../src/disk/boot/boot-filesystem.ts';
import { deploymentTitle } from '../../src/disk/boot/title.ts';
import { findFileChecksum } from '../../src/disk/deployment/container-path.ts';
import { objectOf } from '../../src/disk/deployment/nodes.ts';
import { physicalRoot } from '../../src/disk/deployment.ts';
import type { FileNode } from '../../src/disk/filesystems/tree.ts';
import type { TarHeader } from '../../src/lib/tar/types.ts';
import { encodeEntry, endOfArchive, padding } from '../../src/lib/tar/writer.ts';
import type { Image } from '../../src/oci/image.ts';
import { openLayout } from '../../src/oci/layout.ts';
import type { ContentReader } from '../../src/oci/store.ts';
import { commitObject, fileTypeBits } from '../../src/ostree/objects.ts';
import { scanTree } from '../../src/ostree/tree.ts';
import { partsOfImage } from '../../src/ostree/unpack/base-layers.ts';
import { readDirectories } from '../../src/ostree/unpack/directories.ts';
import { layerTar } from '../../src/ostree/unpack/layer-tar.ts';
import { defaultLimits } from '../../src/ostree/unpack/limits.ts';
import { silentReporter } from '../../src/progress/reporter.ts';
import { keptBytes, plannedImage } from '../helpers/deployment.ts';
import {
  deployWithOstree,
  differences,
  type Listing,
  listDirectory,
  listNodes,
  takeImmutable,
} from '../helpers/ostree-deployment.ts';
import { type UnpackedImage, unpackInMemory } from '../helpers/unpack-in-memory.ts';
import { builtWorkDirectory, imageOf } from './fixture.ts';

// Our deployments beside those of the ostree that the guest has. As root.

let scratch: string;

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'cosa-deployment-'));
});

afterEach(() => rm(scratch, { recursive: true, force: true }));

const stateroot = 'test-os';

/** Where we do otherwise than `ostree admin deploy`, in each deployment. */
const deliberate = {
  root: {
    '/.coreos-aleph-version.json': 'CoreOS systems have it; ostree knows nothing of it',
    '/ostree/repo/config': 'no "bootloader=none": in the running system ostree finds GRUB and writes its menu',
  },
  boot: {
    '/grub': "GRUB's configuration, which ostree leaves to others",
    '/grub/grub.cfg': 'the same',
    '/ignition.firstboot': 'this is the first boot, and Ignition is to run',
    '/loader.1/grub.cfg': 'the menu, which ostree has written by grub-mkconfig in the running system',
    '/loader.1/entries/ostree-1.conf': 'the kernel arguments of the platform, and no lines about Android boot images',
  },
};

/** Compares both deployments of a commit, path by path. */
async function compare(unpacked: UnpackedImage, getCommit: readonly string[]): Promise<void> {
  const { plan, objects, bootChecksum } = plannedImage(unpacked, stateroot);
  const { commit } = plan.commit;
  const theirs = await deployWithOstree({ stateroot, commit, getCommit, scratch });
  const deployment = `/ostree/deploy/${stateroot}/deploy/${commit}.0`;
  expect(await takeImmutable(theirs.root)).toEqual([deployment]);

  const origin = `[origin]\nrefspec=${commit}\n`;
  const root = physicalRoot(
    plan,
    objects,
    { origin, aleph: '{}', bootChecksum, hasOwnMenu: true },
    {
      objects: [],
      refs: new Map(),
    },
  );
  expectSame(listNodes(root, keptBytes), await listDirectory(theirs.root), deliberate.root);
  expect(await readFile(join(theirs.root, 'ostree/repo/config'), 'utf8')).toBe(
    '[core]\nrepo_version=1\nmode=bare\n\n[sysroot]\nreadonly=true\nbootloader=none\n',
  );

  const { hashed, others, release, deviceTree, directories } = plan.kernel;
  const files = [...hashed, ...others].map(({ path, checksum }) => {
    const node = objectOf(objects, checksum).node as FileNode;
    return [path, { ...node, xattrs: [] }] as const;
  });
  const osRelease = [...osReleasePaths].flatMap((path) => unpackedFile(unpacked, path))[0] ?? '';
  const title = deploymentTitle(osRelease, plan.commit.version);
  const settings = { kernelArguments: [], grubCommands: [], networkArguments: [] };
  const boot = bootFilesystem(
    {
      stateroot,
      bootChecksum,
      title,
      kernelRelease: release,
      readsEntries: false,
      bootupdState: undefined,
      deviceTree,
      directories,
    },
    files,
    settings,
    0,
  );
  expectSame(listNodes(boot, keptBytes), await listDirectory(theirs.boot), deliberate.boot);
  const theirEntry = await readFile(join(theirs.boot, 'loader/entries/ostree-1.conf'), 'utf8');
  expect(entryText(boot)).toBe(theirEntry.replace(/^aboot.*\n/gm, ''));
}

function unpackedFile({ commit, contents }: UnpackedImage, path: string): string[] {
  const checksum = findFileChecksum(commit.root, path);
  const found = contents.find((content) => content.checksum === checksum && content.kind === 'file');
  return found === undefined ? [] : [String(found.bytes)];
}

function entryText(boot: ReturnType<typeof bootFilesystem>): string {
  const loader = boot.entries.get('loader.1');
  const entries = loader?.kind === 'directory' ? loader.entries.get('entries') : undefined;
  const file = entries?.kind === 'directory' ? entries.entries.get('ostree-1.conf') : undefined;
  return file?.kind === 'file' ? String(file.content) : '';
}

function expectSame(ours: Listing, theirs: Listing, except: Record<string, string>): void {
  const found = differences(ours, theirs);
  expect(Object.fromEntries(Object.entries(found).filter(([path]) => except[path] === undefined))).toEqual({});
}

/** The container's layers one over the other: the repository in them can be pulled from. */
async function extract(reader: ContentReader, image: Image): Promise<string> {
  const directory = join(scratch, 'container');
  await mkdir(directory);
  for (const layer of partsOfImage(image).ostree?.layers ?? []) {
    const chunks: Buffer[] = [];
    for await (const chunk of layerTar(reader, layer, defaultLimits)) chunks.push(chunk);
    const args = ['-x', '-p', '--xattrs', '--xattrs-include=*', '-C', directory];
    execFileSync('tar', args, { input: Buffer.concat(chunks), stdio: ['pipe', 'ignore', 'pipe'] });
  }
  return join(directory, 'sysroot/ostree/repo');
}

type SampleEntry = Partial<TarHeader> & { path: string; content?: string };

const xattr = (name: string, value: string | Buffer) => ({ name, value: Buffer.from(value) });
/** cap_net_raw=ep in the 20-byte form that the kernel stores. */
const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex');

const kernel: SampleEntry[] = [
  { path: 'usr/lib/modules/6.12.0-test/vmlinuz', content: 'kernel', mode: 0o600, xattrs: [xattr('user.k', 'k')] },
  { path: 'usr/lib/modules/6.12.0-test/initramfs.img', content: 'initramfs', gid: 6 },
  { path: 'usr/lib/os-release', content: '# Test\nNAME=x\nPRETTY_NAME=\'Test OS\'\\ "1\\$"\n' },
];
const usrEtc: SampleEntry[] = [
  { type: 'directory', path: 'usr/etc', mode: 0o750, xattrs: [xattr('user.etc', '1')] },
  { path: 'usr/etc/shadow', mode: 0o640, gid: 42, content: 'root:*:::::::', xattrs: [xattr('user.s', 's')] },
  { path: 'usr/etc/same', content: 'one program' },
  { type: 'hardlink', path: 'usr/etc/again', linkTarget: 'usr/etc/same' },
  { path: 'usr/etc/empty' },
  { type: 'symlink', path: 'usr/etc/localtime', linkTarget: '..//usr/share/zone' },
  { type: 'directory', path: 'usr/etc/skel', uid: 7, mode: 0o700 },
  { path: 'usr/etc/.updated', content: 'now' },
];
const tmpfiles: SampleEntry = { path: 'usr/lib/tmpfiles.d/x.conf', content: '# nothing' };

/** One of everything that an operating system's root has. */
const everything: SampleEntry[] = [
  { path: 'usr/bin/true', mode: 0o755, content: 'one program' },
  { path: 'usr/bin/arping', mode: 0o755, content: 'a program', xattrs: [xattr('security.capability', capability)] },
  { path: 'usr/bin/su', mode: 0o4755, content: 'a set-uid program' },
  { path: 'usr/bin/wall', mode: 0o2755, gid: 5, content: 'a set-gid program' },
  { type: 'hardlink', path: 'usr/bin/false', linkTarget: 'usr/bin/true' },
  { path: 'usr/lib/copy-of-true', mode: 0o755, content: 'one program' },
  { type: 'symlink', path: 'usr/bin/sh', linkTarget: '../lib//dash' },
  { type: 'symlink', path: 'usr/bin/long', linkTarget: `/${'long/'.repeat(40)}x` },
  { path: 'usr/lib/empty' },
  { path: 'usr/lib/other-empty', uid: 9, mode: 0o600 },
  { path: 'usr/lib/größe und\ttab\n', content: 'x'.repeat(300_000) },
  { path: `usr/lib/${'long-'.repeat(50)}`, content: 'a long name' },
  { path: 'usr/lib/owned', uid: 1000, gid: 1001, content: 'owned' },
  tmpfiles,
  { type: 'directory', path: 'var', mode: 0o711, xattrs: [xattr('user.var', 'v')] },
  { type: 'directory', path: 'var/lib/thing', mode: 0o700, uid: 3 },
  { path: 'var/lib/thing/file', content: 'one program' },
  { path: 'var/lib/thing/empty' },
  { path: 'var/.updated', content: 'now' },
  { type: 'symlink', path: 'var/mail', linkTarget: 'spool/mail' },
  { type: 'directory', path: 'opt', mode: 0o1777 },
];

const trees: { name: string; entries: SampleEntry[]; hasVar?: boolean }[] = [
  { name: 'one of everything', entries: [...kernel, ...usrEtc, ...everything] },
  {
    name: 'an empty /etc beside /usr/etc',
    entries: [...kernel, ...usrEtc, tmpfiles, { type: 'directory', path: 'etc' }],
  },
  { name: 'nothing that makes directories in /var', entries: [...kernel, ...usrEtc] },
  {
    name: 'two os-releases, of which that in /usr/lib counts',
    entries: [...kernel, ...usrEtc, tmpfiles, { path: 'usr/etc/os-release', content: 'PRETTY_NAME="From etc"\n' }],
  },
  {
    name: 'an os-release in /usr/etc alone',
    entries: [
      ...kernel.filter(({ path }) => path !== 'usr/lib/os-release'),
      ...usrEtc,
      tmpfiles,
      { path: 'usr/etc/os-release', content: 'PRETTY_NAME="From etc"\n' },
    ],
  },
  {
    name: 'a link in the place of an os-release',
    entries: [
      ...kernel,
      ...usrEtc,
      tmpfiles,
      { type: 'symlink', path: 'usr/etc/os-release', linkTarget: '../usr/lib/os-release' },
    ],
  },
  { name: 'no /var', entries: [...kernel, ...usrEtc], hasVar: false },
  {
    name: 'a description of the hardware, and a checksum of the kernel',
    entries: [
      ...kernel,
      ...usrEtc,
      tmpfiles,
      { path: 'usr/lib/modules/6.12.0-test/devicetree', content: 'tree', mode: 0o444 },
      { path: 'usr/lib/modules/6.12.0-test/dtb/board.dtb', content: 'not used' },
      { path: 'usr/lib/modules/6.12.0-test/.vmlinuz.hmac', content: 'checksum' },
    ],
  },
  {
    name: 'descriptions of several boards',
    entries: [
      ...kernel,
      ...usrEtc,
      tmpfiles,
      {
        type: 'directory',
        path: 'usr/lib/modules/6.12.0-test/dtb',
        mode: 0o700,
        uid: 3,
        xattrs: [xattr('user.d', 'd')],
      },
      { type: 'directory', path: 'usr/lib/modules/6.12.0-test/dtb/vendor', mode: 0o711, gid: 4 },
      { path: 'usr/lib/modules/6.12.0-test/dtb/vendor/b.dtb', content: 'b' },
      { path: 'usr/lib/modules/6.12.0-test/dtb/vendor/a.dtb', content: 'a' },
      { path: 'usr/lib/modules/6.12.0-test/dtb/vendor.dtb', content: 'c', mode: 0o400 },
      { path: 'usr/lib/modules/6.12.0-test/dtb/Upper.dtb', content: 'a' },
    ],
  },
];

const timestamp = 1_700_000_000;

/** A commit of a tree with its contents, as if it had come in a container. */
async function unpackedTree(root: string): Promise<UnpackedImage> {
  const tree = await scanTree(root, silentReporter());
  const commit = commitObject(tree.root, { subject: 'test', body: '', timestamp, metadata: { version: '1.0' } });
  const byName = new Map(
    [commit, ...tree.metadata].map((object) => [`${object.kind} ${object.checksum}`, object.bytes]),
  );
  const contents = await Promise.all(
    [...tree.files].map(async ([path, { mode, symlinkTarget, ...object }]) => {
      const kind = (mode & 0o170000) === fileTypeBits.symlink ? ('symlink' as const) : ('file' as const);
      const bytes = kind === 'file' ? await readFile(join(root, path)) : Buffer.alloc(0);
      return { ...object, type: 'content' as const, kind, mode: mode & 0o7777, symlinkTarget, bytes };
    }),
  );
  return {
    commit: await readDirectories({
      commit: commit.checksum,
      readMetadata: async (kind, checksum) => byName.get(`${kind} ${checksum}`),
      detachedMetadata: () => undefined,
    }),
    contents,
  };
}

/** Makes a tree below a new directory, with the directories that every root has. */
async function makeTree(directory: string, entries: readonly SampleEntry[], hasVar = true): Promise<void> {
  await mkdir(directory);
  for (const name of ['boot', 'dev', 'proc', 'run', 'sys', 'sysroot', 'tmp', ...(hasVar ? ['var'] : [])])
    await mkdir(join(directory, name));
  const parts = entries.flatMap(({ content = '', ...entry }) => {
    const usual = { type: 'file', linkTarget: '', uid: 0, gid: 0, mtime: 0, xattrs: [] } as const;
    const mode = entry.type === 'directory' ? 0o755 : 0o644;
    const header: TarHeader = { ...usual, mode, size: Buffer.byteLength(content), ...entry };
    return [encodeEntry(header), Buffer.from(content), padding(header.size)];
  });
  execFileSync('tar', ['-x', '-p', '--xattrs', '--xattrs-include=*', '-C', directory], {
    input: Buffer.concat([...parts, endOfArchive]),
  });
}

describe('a deployment is what ostree makes of the same commit', () => {
  it.each(trees)('$name', async ({ entries, hasVar }) => {
    const root = join(scratch, 'tree');
    await makeTree(root, entries, hasVar);
    await compare(await unpackedTree(root), [
      ...['commit', `--tree=dir=${root}`, '--orphan', '--no-bindings', `--timestamp=@${timestamp}`],
      ...['--subject=test', '--add-metadata-string=version=1.0'],
    ]);
  });

  it('the example', async () => {
    const work = await builtWorkDirectory();
    const reader = await openLayout(join(work, 'oci'));
    const image = await imageOf(work);
    const { commit } = partsOfImage(image).ostree ?? expect.fail();
    await compare(await unpackInMemory(reader, image), ['pull-local', await extract(reader, image), commit]);
  });
});
