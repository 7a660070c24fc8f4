import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commitLabels, policyOfRoot, withLabel } from '../../src/ostree/labels.ts';
import { commitObject } from '../../src/ostree/objects.ts';
import { scanTree } from '../../src/ostree/tree.ts';
import { silentReporter } from '../../src/progress/reporter.ts';
import { commitOptions, ostree } from './fixture.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cosa-labels-'));
  const files = {
    'usr/etc/selinux/config': 'SELINUX=enforcing\nSELINUXTYPE=pond\n',
    'usr/etc/selinux/pond/policy/policy.33': 'the policy itself',
    'usr/etc/selinux/pond/contexts/files/file_contexts': [
      '/ -d system_u:object_r:root_t:s0',
      '/mnt -d system_u:object_r:mnt_t:s0',
      '/proc -d <<none>>',
      '/tmp <<none>>',
      '/usr(/.*)? system_u:object_r:usr_t:s0',
      '/usr/bin/.* -- system_u:object_r:bin_t:s0',
      '/usr/bin/other -- system_u:object_r:other_t:s0',
      '/usr/etc/.* system_u:object_r:usr_t:s0',
      '/etc(/.*)? system_u:object_r:etc_t:s0',
      '/etc/shadow -- system_u:object_r:shadow_t:s0',
      '',
    ].join('\n'),
    'usr/etc/shadow': 'root::\n',
    'usr/bin/program': 'program',
    'usr/share/grüße': 'text',
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  for (const name of ['proc', 'tmp']) mkdirSync(join(root, name));
  linkSync(join(root, 'usr/bin/program'), join(root, 'usr/bin/other'));
  linkSync(join(root, 'usr/bin/program'), join(root, 'usr/bin/third'));
  symlinkSync('program', join(root, 'usr/bin/link'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function scanned(version: 0 | 1 | undefined) {
  const policy = await policyOfRoot(root);
  if (policy === undefined) throw new Error('no policy');
  const labels = version === undefined ? undefined : commitLabels(policy, version);
  return scanTree(root, silentReporter(), labels);
}

const labelIn = (metadata: { xattrs: readonly { name: string; value: Uint8Array }[] } | undefined) =>
  metadata?.xattrs.map(({ name, value }) => `${name}=${Buffer.from(value).toString()}`);
const selinux = (type: string) => [`security.selinux=system_u:object_r:${type}:s0\0`];

describe('the labels of a commit', () => {
  it('are those that ostree gives, down to the checksum', async () => {
    const repository = join(root, '../', `${root.split('/').at(-1)}-repo`);
    try {
      ostree(`--repo=${repository}`, 'init', '--mode=archive');
      const args = ['commit', '--orphan', '--no-bindings', `--tree=dir=${root}`, `--selinux-policy=${root}`];
      const { subject, timestamp } = commitOptions;
      const owners = ['--subject', subject, `--timestamp=@${timestamp}`];
      // A path that has no label is an error for the command.
      rmSync(join(root, 'tmp'), { recursive: true });
      const checksum = execFileSync('ostree', [`--repo=${repository}`, ...args, ...owners], {
        encoding: 'utf8',
      }).trim();
      const tree = await scanned(0);
      const plain = { ...commitOptions, body: '', metadata: {}, parent: undefined };
      expect(commitObject(tree.root, plain).checksum).toBe(checksum);
    } finally {
      rmSync(repository, { recursive: true, force: true });
    }
  });

  it('are in the objects, one for each label that a content has', async () => {
    const { files, directories } = await scanned(0);
    expect(labelIn(files.get('/usr/bin/program'))).toEqual(selinux('bin_t'));
    expect(files.get('/usr/bin/third')).toBe(files.get('/usr/bin/program'));
    expect(labelIn(files.get('/usr/bin/other'))).toEqual(selinux('other_t'));
    expect(labelIn(files.get('/usr/bin/link'))).toEqual(selinux('usr_t'));
    expect(labelIn(files.get('/usr/share/grüße'))).toEqual(selinux('usr_t'));
    expect(labelIn(directories.get('/'))).toEqual(selinux('root_t'));
    // Where a kernel's filesystem will be, there is a directory below it.
    expect(labelIn(directories.get('/proc'))).toEqual(selinux('mnt_t'));
    expect(labelIn(directories.get('/tmp'))).toEqual([]);
  });

  it.each([
    [0, 'usr_t', 'usr_t'],
    [1, 'etc_t', 'shadow_t'],
  ] as const)('are for /usr/etc, by version %d, %s', async (version, directory, shadow) => {
    const { files, directories } = await scanned(version);
    expect(labelIn(directories.get('/usr/etc'))).toEqual(selinux(directory));
    expect(labelIn(files.get('/usr/etc/shadow'))).toEqual(selinux(shadow));
  });

  it('are none without a policy, whatever the host has labelled files with', async () => {
    const { files } = await scanned(undefined);
    expect(labelIn(files.get('/usr/bin/program'))).toEqual([]);
    const capability = { name: 'security.capability', value: Buffer.from('01', 'hex') };
    const hosts = { name: 'security.selinux', value: Buffer.from('host_t\0') };
    const ours = { name: 'security.selinux', value: Buffer.from('ours_t\0') };
    expect(withLabel([hosts, capability], undefined)).toEqual([capability]);
    expect(withLabel([hosts, capability], ours)).toEqual([capability, ours]);
    expect(withLabel([], ours)).toBe(withLabel([hosts], ours));
  });
});
