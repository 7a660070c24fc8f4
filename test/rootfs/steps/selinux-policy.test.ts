import { describe, expect, it } from 'vitest';
import { selinuxPolicy } from '../../../src/rootfs/steps/selinux-policy.ts';
import { contextFor, type Node, readTree, writeTree } from '../support.ts';

const files = 'etc/selinux/pond/contexts/files';
const policy = {
  'etc/selinux/config': 'SELINUX=enforcing\nSELINUXTYPE=pond\n',
  [`${files}/file_contexts`]: '/.* u:r:t\n',
};
const store = {
  'var/lib/selinux/pond/active/modules/100/base/cil': 'base',
  'var/lib/selinux/pond/active/commit_num': '1',
  'var/lib/selinux/pond/semanage.read.LOCK': '',
};

async function prepared(nodes: Record<string, Node>, optUsrlocal: 'var' | 'root' | 'state-overlay' = 'var') {
  const root = await writeTree(nodes);
  const context = contextFor(root, { optUsrlocal });
  await selinuxPolicy.run(context);
  return { tree: await readTree(root), generated: [...context.generated] };
}

describe('the store of modules', () => {
  it('moves from /var to the policy, and programs find it there', async () => {
    const { tree, generated } = await prepared({
      ...policy,
      ...store,
      'etc/selinux/semanage.conf': 'module-store = direct',
      'etc/selinux/pond/active/old': 'left by another build',
    });
    expect(tree).toMatchObject({
      '/etc/selinux/semanage.conf': 'module-store = direct\nstore-root=/etc/selinux\n',
      '/etc/selinux/pond/active/modules/100/base/cil': 'base',
      '/etc/selinux/pond/active/commit_num': '1',
      '/var/lib/selinux': '→ ../../etc/selinux',
    });
    expect(Object.keys(tree).filter((path) => /LOCK|old/.test(path))).toEqual([]);
    expect(generated).toEqual([
      ['/etc/selinux/pond/active/commit_num', 'selinux-policy'],
      ['/etc/selinux/pond/active/modules/100/base/cil', 'selinux-policy'],
    ]);
  });

  it.each([
    ['says so already', 'a = b\nstore-root = /etc/selinux\n', 'a = b\nstore-root = /etc/selinux\n'],
    ['is not there', undefined, 'store-root=/etc/selinux\n'],
    ['says so in a comment', '# store-root = /etc/selinux\n', '# store-root = /etc/selinux\nstore-root=/etc/selinux\n'],
  ])('is named in semanage.conf, which %s', async (_, before, after) => {
    const settings = before === undefined ? {} : { 'etc/selinux/semanage.conf': before };
    const { tree } = await prepared({ ...policy, ...store, ...settings });
    expect(tree['/etc/selinux/semanage.conf']).toBe(after);
  });

  it.each([
    ['SELinux is disabled', { 'etc/selinux/config': 'SELINUX=disabled\nSELINUXTYPE=pond\n' }],
    ['the policy has a name that is none', { 'etc/selinux/config': 'SELINUX=enforcing\nSELINUXTYPE=../pond\n' }],
    ['another policy counts', { 'etc/selinux/config': 'SELINUX=enforcing\nSELINUXTYPE=lake\n' }],
  ])('stays where %s', async (_, config) => {
    const nodes = { ...policy, ...store, ...config };
    const { tree, generated } = await prepared(nodes);
    expect(tree).toEqual(await readTree(await writeTree(nodes)));
    expect(generated).toEqual([]);
  });
});

describe('directories that ostree has in other places', () => {
  const marker = '# Where ostree has other places than the policy thinks.\n';
  const subsDist = `/${files}/file_contexts.subs_dist`;

  it('are looked up where the policy has them', async () => {
    const { tree } = await prepared({ ...policy, [subsDist.slice(1)]: '/run /var/run\n/etc/init.d /etc/rc.d/init.d' });
    expect(tree[subsDist]).toBe(
      `/run /var/run\n/etc/init.d /etc/rc.d/init.d\n${marker}/var/home /home\n/var/roothome /root\n` +
        '/usr/etc /etc\n/usr/etc/init.d /etc/rc.d/init.d\n',
    );
  });

  it('are not said again, whichever file says it', async () => {
    const nodes = {
      ...policy,
      [subsDist.slice(1)]: '/var/home /home\n/etc/x /y\n',
      [`${files}/file_contexts.subs`]: ' /usr/etc\t/etc\n/var/roothome /root\n',
    };
    expect((await prepared(nodes)).tree[subsDist]).toBe('/var/home /home\n/etc/x /y\n');
  });

  it('are homes in /var where the policy was built for them', async () => {
    const { tree } = await prepared({
      ...policy,
      [subsDist.slice(1)]: '/var/home /home\n/var/homes /x\n/usr/etc /etc\n',
      [`${files}/file_contexts.homedirs`]: '/var/home/[^/]+ -d u:r:home_t\n',
    });
    expect(tree[subsDist]).toBe(
      `# /var/home /home\n/var/homes /x\n/usr/etc /etc\n${marker}/home /var/home\n/var/roothome /root\n`,
    );
  });

  it.each(['root', 'state-overlay'] as const)('are /opt where the treefile says opt-usrlocal: %s', async (value) => {
    const { tree } = await prepared(policy, value);
    expect(tree[subsDist]).toContain('/usr/lib/opt /opt\n');
  });
});
