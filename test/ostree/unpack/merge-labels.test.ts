import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/lib/digest.ts';
import { readImage } from '../../../src/oci/image.ts';
import { openLayoutForWriting } from '../../../src/oci/layout.ts';
import type { ContentStore } from '../../../src/oci/store.ts';
import { readPolicy } from '../../../src/ostree/labels/policy.ts';
import { commitLabels, type LabelVersion } from '../../../src/ostree/labels.ts';
import { storeImage } from '../../helpers/image.ts';
import {
  contentEntries,
  type Entry,
  entry,
  metadataEntries,
  type SampleFile,
  sampleCommit,
  tarOf,
} from '../../helpers/ostree-layers.ts';
import { type UnpackedImage, unpackInMemory } from '../../helpers/unpack-in-memory.ts';

// Layers that somebody puts on a labelled system have no labels: what is made of them must be what ostree makes.

const uid = process.getuid?.() ?? 0;
const gid = process.getgid?.() ?? 0;
const file = (path: string, content: string, header: Partial<Entry['header']> = {}) =>
  entry(path, { uid, gid, ...header }, content);
const folder = (path: string, mode = 0o755) => entry(`${path}/`, { type: 'directory', mode, uid, gid });
const link = (path: string, linkTarget: string) => entry(path, { type: 'symlink', linkTarget, uid, gid });
const hardLink = (path: string, linkTarget: string) => entry(path, { type: 'hardlink', linkTarget, uid, gid });

const contexts = [
  '/.* system_u:object_r:default_t:s0',
  '/ -d system_u:object_r:root_t:s0',
  '/boot system_u:object_r:boot_t:s0',
  '/etc(/.*)? system_u:object_r:etc_t:s0',
  '/etc/secret -- system_u:object_r:secret_t:s0',
  '/etc/selinux(/.*)? system_u:object_r:config_t:s0',
  '/mnt -d system_u:object_r:mnt_t:s0',
  '/usr(/.*)? system_u:object_r:usr_t:s0',
  '/usr/bin(/.*)? system_u:object_r:bin_t:s0',
  '/usr/bin/.* -l system_u:object_r:bin_link_t:s0',
  '/usr/lib(/.*)? system_u:object_r:lib_t:s0',
  '/var(/.*)? system_u:object_r:var_t:s0',
];
const policyDirectory = 'etc/selinux/pond/contexts/files';
const subs = '/usr/etc /etc\n';

function baseFiles(equivalent: string): SampleFile[] {
  return [
    { path: '/ostree', symlinkTarget: 'sysroot/ostree' },
    { path: '/usr/bin/tool', content: 'tool', mode: 0o755 },
    { path: '/usr/lib/two', content: 'two' },
    { path: '/usr/lib/empty', content: '' },
    { path: '/usr/share/empty', content: '' },
    { path: '/usr/share/large', content: 'x'.repeat(3 << 20) },
    { path: '/usr/etc/secret', content: 'secret' },
    { path: '/usr/etc/selinux/config', content: 'SELINUX=enforcing\nSELINUXTYPE=pond\n' },
    { path: '/usr/etc/selinux/pond/policy/policy.33', content: 'the policy itself' },
    { path: `/usr/${policyDirectory}/file_contexts`, content: `${contexts.join('\n')}\n` },
    { path: `/usr/${policyDirectory}/file_contexts.subs`, content: equivalent },
    { path: '/var/lib/state', content: 'state' },
  ];
}

async function labelsOf(files: readonly SampleFile[], version: LabelVersion) {
  const contents = new Map(files.map(({ path, content = '' }) => [path, Buffer.from(content)]));
  const policy = await readPolicy(async (path) => contents.get(path));
  if (policy === undefined) throw new Error('no policy');
  return commitLabels(policy, version);
}

/** What every system has: so that the owner is that of the test. */
const always = ['', 'boot', 'dev', 'proc', 'run', 'sys', 'sysroot', 'tmp'].map((name) => folder(`./${name}`));

let scratch: string;
let store: ContentStore & AsyncDisposable;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'cosa-merge-labels-'));
  store = await openLayoutForWriting(join(scratch, 'oci'));
});
afterEach(async () => {
  await store[Symbol.asyncDispose]();
  await rm(scratch, { recursive: true, force: true });
});

/** @param version of the base's labels; undefined for a base that has none */
async function derived(
  layers: readonly (readonly Entry[])[],
  version: LabelVersion | undefined,
  equivalent = subs,
): Promise<UnpackedImage> {
  const files = baseFiles(equivalent);
  const sample = sampleCommit(files, version === undefined ? undefined : await labelsOf(files, version));
  // In two layers, as a system has more than one.
  const objects = [...new Map(sample.objects.map((object) => [object.checksum, object])).values()];
  const contents = objects.flatMap(contentEntries);
  const ostree = [metadataEntries(sample), contents.slice(0, 6), contents.slice(6)].map(tarOf);
  const labels = { 'ostree.commit': sample.commit.checksum, 'ostree.final-diffid': digestOf(ostree[2] ?? '') };
  const image = await storeImage(store, [...ostree, ...layers.map(tarOf)], labels);
  return unpackInMemory(store, await readImage(store, image));
}

async function plain(layers: readonly (readonly Entry[])[]): Promise<UnpackedImage> {
  return unpackInMemory(store, await readImage(store, await storeImage(store, layers.map(tarOf))));
}

/** The type of each path of a commit; `none` without a label. */
function types({ commit, contents }: UnpackedImage): Record<string, string> {
  const byChecksum = new Map(contents.map((content) => [content.checksum, content]));
  const found: Record<string, string> = {};
  const typeOf = (xattrs: readonly { name: string; value: Uint8Array }[]) =>
    xattrs.flatMap(({ name, value }) => (name === 'security.selinux' ? [String(value).split(':')[2] ?? ''] : []))[0] ??
    'none';
  const left = [{ path: '', directory: commit.root }];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { path, directory } = next;
    found[path === '' ? '/' : path] = typeOf(directory.xattrs);
    for (const [name, below] of directory.directories) left.push({ path: `${path}/${name}`, directory: below });
    for (const [name, checksum] of directory.files) {
      const content = byChecksum.get(checksum) ?? expect.fail(`${path}/${name} has no content`);
      found[`${path}/${name}`] = typeOf(content.xattrs);
    }
  }
  return found;
}

/** The checksum that ostree gives a commit's tree when it labels it by the policy that is in it. */
async function byOstree({ commit, contents }: UnpackedImage): Promise<string> {
  const tree = join(scratch, 'tree');
  const byChecksum = new Map(contents.map((content) => [content.checksum, content]));
  const left = [{ path: tree, directory: commit.root }];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { path, directory } = next;
    await mkdir(path);
    await chmod(path, directory.mode);
    for (const [name, below] of directory.directories) left.push({ path: join(path, name), directory: below });
    for (const [name, checksum] of directory.files) {
      const { kind, symlinkTarget, bytes, mode } = byChecksum.get(checksum) ?? expect.fail();
      if (kind === 'symlink') await symlink(symlinkTarget, join(path, name));
      else await writeFile(join(path, name), bytes, { mode });
    }
  }
  const repository = join(scratch, 'repo');
  execFileSync('ostree', [`--repo=${repository}`, 'init', '--mode=archive']);
  const args = ['commit', '--orphan', '--no-bindings', '--subject=', '--timestamp=@1'];
  const policy = [`--tree=dir=${tree}`, `--selinux-policy=${tree}`];
  return execFileSync('ostree', [`--repo=${repository}`, ...args, ...policy], { encoding: 'utf8' }).trim();
}

const added: Entry[] = [
  ...always,
  folder('usr/bin'),
  file('usr/bin/new', 'new', { mode: 0o755, xattrs: [{ name: 'security.selinux', value: Buffer.from('hosts_t\0') }] }),
  link('usr/bin/link', 'new'),
  hardLink('usr/lib/of-base', 'usr/bin/tool'),
  file('usr/lib/large', 'y'.repeat(2 << 20)),
  hardLink('usr/share/large2', 'usr/lib/large'),
  hardLink('usr/bin/large3', 'usr/lib/large'),
  file('usr/lib/same', 'same'),
  file('usr/share/same', 'same'),
  file('etc/secret', 'other'),
  file('etc/größe', 'x'),
  file('opt/app', 'x'),
  file('var/lib/app', 'x'),
];
const addedTypes = {
  '/': 'root_t',
  '/boot': 'boot_t',
  '/ostree': 'default_t',
  '/opt': 'default_t',
  '/opt/app': 'default_t',
  '/proc': 'mnt_t',
  '/usr/bin': 'bin_t',
  '/usr/bin/new': 'bin_t',
  '/usr/bin/link': 'bin_link_t',
  '/usr/bin/tool': 'bin_t',
  '/usr/bin/large3': 'bin_t',
  '/usr/etc/größe': 'etc_t',
  '/usr/etc/secret': 'secret_t',
  '/usr/etc/selinux/config': 'config_t',
  '/usr/lib/large': 'lib_t',
  '/usr/lib/of-base': 'lib_t',
  '/usr/lib/same': 'lib_t',
  '/usr/lib/two': 'lib_t',
  '/usr/share/large': 'usr_t',
  '/usr/share/large2': 'usr_t',
  '/usr/share/same': 'usr_t',
  '/var/lib/app': 'var_t',
};

/** Gives what is in /usr/lib another label, and a part of /usr/share. */
const changes = [
  ...contexts,
  '/usr/lib(/.*)? system_u:object_r:newlib_t:s0',
  '/usr/share/large system_u:object_r:large_t:s0',
];
const changedPolicy = file(`${policyDirectory}/file_contexts`, `${changes.join('\n')}\n`);

describe('a derived container', () => {
  it('is labelled as ostree labels it, files of layers and of the base under names of layers, too', async () => {
    const unpacked = await derived([added], 1);
    expect(types(unpacked)).toMatchObject(addedTypes);
    expect(unpacked.commit.commit).toBe(await byOstree(unpacked));
    // What lies below is complete, as a machine has it.
    expect(unpacked.contents.filter(({ symlinkTarget }) => symlinkTarget === 'sysroot/ostree')).toHaveLength(1);
  });

  it('is labelled anew, all of it, where a layer changes the policy', async () => {
    const unpacked = await derived([added, [changedPolicy]], 1);
    expect(types(unpacked)).toMatchObject({
      ...addedTypes,
      ...Object.fromEntries(
        ['two', 'empty', 'of-base', 'same', 'large'].map((name) => [`/usr/lib/${name}`, 'newlib_t']),
      ),
      '/usr/lib': 'newlib_t',
      '/usr/share/large': 'large_t',
      '/usr/share/empty': 'usr_t',
    });
    expect(unpacked.commit.commit).toBe(await byOstree(unpacked));
  });

  it.each([
    ['local rules', 'file_contexts.local', '/usr/lib/two -- system_u:object_r:local_t:s0\n', 'local_t'],
    ['equivalent directories', 'file_contexts.subs_dist', '/usr/lib /usr/bin\n', 'bin_t'],
  ])('is labelled by %s that a layer adds', async (_, name, content, type) => {
    const unpacked = await derived([[...always, file(`${policyDirectory}/${name}`, content)]], 1);
    expect(types(unpacked)['/usr/lib/two']).toBe(type);
    expect(unpacked.commit.commit).toBe(await byOstree(unpacked));
  });

  it('is labelled by the policy that a layer chooses', async () => {
    const layer = [
      ...always,
      file('etc/selinux/config', 'SELINUX=permissive\nSELINUXTYPE=lake\n'),
      file('etc/selinux/lake/policy/policy.33', 'the policy itself'),
      file('etc/selinux/lake/contexts/files/file_contexts', '/.* system_u:object_r:lake_t:s0\n'),
    ];
    const unpacked = await derived([layer], 1);
    expect(new Set(Object.values(types(unpacked)))).toEqual(new Set(['lake_t']));
    expect(unpacked.commit.commit).toBe(await byOstree(unpacked));
  });

  it.each([
    [0, 'usr_t', 'usr_t'],
    [1, 'etc_t', 'secret_t'],
  ] as const)('has /usr/etc labelled as its base has it, by version %d: %s', async (version, directory, secret) => {
    const layer = [...always, folder('etc'), file('etc/secret', 'other'), file('etc/x', 'x')];
    const found = types(await derived([layer], version, ''));
    expect([found['/usr/etc'], found['/usr/etc/x'], found['/usr/etc/secret']]).toEqual([directory, directory, secret]);
  });

  it('has no labels on a base without, nor where a layer disables the policy', async () => {
    expect(
      new Set(
        Object.values(types(await derived([added.filter(({ header }) => header.xattrs.length === 0)], undefined))),
      ),
    ).toEqual(new Set(['none']));
    const disabled = types(await derived([[file('etc/selinux/config', 'SELINUX=disabled\n')]], 1));
    expect(disabled['/usr/etc/selinux/config']).toBe('none');
  });

  it.each([
    [
      'a pattern that cannot be used',
      [file(`${policyDirectory}/file_contexts.local`, '/a(x u:r:t\n')],
      `line 1 of /usr/${policyDirectory}/file_contexts.local has a pattern that cannot be used, /a(x: this group has no ")"`,
    ],
    [
      'a link in the place of a file',
      [link(`${policyDirectory}/file_contexts`, 'other')],
      `/usr/${policyDirectory}/file_contexts is a symbolic link`,
    ],
  ])('is refused with %s', async (_, layer, message) => {
    await expect(derived([layer], 1)).rejects.toMatchObject({ code: 'SELINUX_POLICY', message });
  });

  it('is refused with a large file of more labels than there are readings', async () => {
    const rules = Array.from({ length: 9 }, (_, index) => `/usr/many/${index} system_u:object_r:many${index}_t:s0\n`);
    const layer = [
      file(`${policyDirectory}/file_contexts.local`, rules.join('')),
      file('usr/many/0', 'z'.repeat((1 << 20) + 1)),
      ...Array.from({ length: 8 }, (_, index) => hardLink(`usr/many/${index + 1}`, 'usr/many/0')),
    ];
    await expect(derived([layer], 1)).rejects.toMatchObject({
      code: 'CONTENT_TOO_LARGE',
      message: expect.stringContaining(
        'a file of more than 1048576 bytes has 9 SELinux labels at its places; 8 are accepted',
      ),
    });
  });
});

describe('an ordinary container', () => {
  it('is labelled by its policy as ostree labels it', async () => {
    const files = baseFiles(subs).map(({ path, content = '', symlinkTarget, mode = 0o644 }) =>
      symlinkTarget === undefined
        ? file(path.replace('/usr/etc/', '/etc/'), content, { mode })
        : link(path, symlinkTarget),
    );
    const parents = [...new Set(files.flatMap(({ header }) => parentsOf(header.path)))]
      .sort()
      .map((path) => folder(path));
    const unpacked = await plain([[...always, ...parents, ...files], added]);
    expect(types(unpacked)).toMatchObject(addedTypes);
    expect(unpacked.commit.commit).toBe(await byOstree(unpacked));
  });

  it('is labelled where it has nothing at /ostree, too', async () => {
    const files = [
      file('etc/selinux/config', 'SELINUX=permissive\nSELINUXTYPE=pond\n'),
      file(`${policyDirectory}/file_contexts`, `${contexts.join('\n')}\n`),
    ];
    expect(types(await plain([[...always, folder('usr'), folder('etc'), ...files]]))).toMatchObject({
      '/ostree': 'default_t',
      '/usr': 'usr_t',
      '/usr/etc/selinux/config': 'usr_t',
    });
  });

  it('has no labels without a policy', async () => {
    const unpacked = await plain([
      [...always, file('usr/x', 'x'), file('etc/selinux/config', 'SELINUX=enforcing\n')],
    ]).catch((error: unknown) => error);
    expect(unpacked).toMatchObject({
      code: 'SELINUX_POLICY',
      message: '/usr/etc/selinux/config names no policy: SELINUXTYPE= is missing',
    });
    const found = types(await plain([[...always, file('usr/x', 'x')]]));
    expect(new Set(Object.values(found))).toEqual(new Set(['none']));
  });
});

function parentsOf(path: string): string[] {
  const parent = dirname(path);
  return parent === '/' || parent === '.' ? [] : [...parentsOf(parent), parent];
}
