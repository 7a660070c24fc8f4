import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RootfsRequest } from '../../../src/rootfs/request.ts';
import { accountNumbers, etcGroupMembers } from '../../../src/rootfs/steps/accounts.ts';
import { contextFor, writeTree } from '../support.ts';

const passwd = 'root:x:0:0:root:/root:/bin/sh\nsshd:x:998:65534::/run:/sbin/nologin\nnew:x:997:997::/:/sbin/nologin\n';
const group = 'root:x:0:\nnogroup:x:65534:\nnew:x:997:sshd\n';

async function renumbered(request: Partial<RootfsRequest>) {
  const root = await writeTree({ 'etc/passwd': passwd, 'etc/group': group });
  await accountNumbers.run(contextFor(root, request));
  return {
    passwd: await readFile(join(root, 'etc/passwd'), 'utf8'),
    group: await readFile(join(root, 'etc/group'), 'utf8'),
  };
}

describe('accountNumbers', () => {
  it('does nothing where nothing is to be checked', async () => {
    expect(await renumbered({})).toEqual({ passwd, group });
  });

  it('gives users and groups the numbers of a file, in both files', async () => {
    const result = await renumbered({
      users: { kind: 'text', text: 'root:x:0:0::/:\nsshd:x:997:65534::/:\n', origin: 'passwd' },
      groups: { kind: 'text', text: 'new:x:500:\n', origin: 'group' },
    });
    expect(result.passwd).toBe(passwd.replace('sshd:x:998', 'sshd:x:997').replace('new:x:997:997', 'new:x:999:500'));
    expect(result.group).toBe(group.replace('new:x:997', 'new:x:500'));
  });

  it('takes numbers as data', async () => {
    const ids = new Map([['sshd', [990, 65534]]]);
    const result = await renumbered({ users: { kind: 'data', ids, origin: 'check-passwd' } });
    expect(result.passwd).toBe(passwd.replace('sshd:x:998', 'sshd:x:990'));
  });

  it('refuses that a user vanishes', async () => {
    const users = { kind: 'data', ids: new Map([['gone', [5, 5]]]), origin: 'the previous build' } as const;
    await expect(renumbered({ users })).rejects.toMatchObject({
      code: 'ACCOUNT_REMOVED',
      message: 'the user gone of the previous build is gone',
    });
    expect(await renumbered({ users, ignoreRemovedUsers: ['gone'] })).toEqual({ passwd, group });
  });

  it('brings accounts of a file that no package makes, each with a number of its own', async () => {
    const root = await writeTree({
      'etc/passwd': passwd,
      'etc/group': group,
      'etc/shadow': 'root:*:::::::\n',
    });
    await accountNumbers.run(
      contextFor(root, {
        users: { kind: 'text', text: 'kube:x:997:990:Kubernetes:/:/sbin/nologin\n', origin: 'passwd' },
        groups: { kind: 'text', text: 'kube:x:990:sshd\nnew:x:997:\n', origin: 'group' },
      }),
    );
    expect(await readFile(join(root, 'etc/passwd'), 'utf8')).toBe(
      `${passwd.replace('new:x:997:997', 'new:x:999:997')}kube:x:997:990:Kubernetes:/:/sbin/nologin\n`,
    );
    expect(await readFile(join(root, 'etc/group'), 'utf8')).toBe(`${group}kube:x:990:sshd\n`);
    expect(await readFile(join(root, 'etc/shadow'), 'utf8')).toBe('root:*:::::::\nkube:*::0:99999:7:::\n');
  });
});

describe('etcGroupMembers', () => {
  it('copies groups from /usr/lib/group that /etc/group lacks', async () => {
    const root = await writeTree({ 'etc/group': 'root:x:0:', 'usr/lib/group': 'wheel:x:10:\nadm:x:4:\n' });
    await etcGroupMembers.run(contextFor(root, { etcGroupMembers: ['root', 'wheel'] }));
    expect(await readFile(join(root, 'etc/group'), 'utf8')).toBe('root:x:0:\nwheel:x:10:\n');
  });

  it('refuses a group that is nowhere', async () => {
    const root = await writeTree({ 'etc/group': 'sudo:x:27:\n' });
    await expect(etcGroupMembers.run(contextFor(root, { etcGroupMembers: ['sudu'] }))).rejects.toMatchObject({
      code: 'ETC_GROUP_UNKNOWN',
      exitStatus: 2,
      message: 'etc-group-members: there is no group "sudu"',
      hint: 'did you mean "sudo"?',
    });
  });
});
