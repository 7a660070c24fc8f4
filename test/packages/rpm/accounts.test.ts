import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { installRpms } from '../../../src/packages/rpm/install.ts';
import { accountNumbers } from '../../../src/rootfs/steps/accounts.ts';
import type { TestRpm } from '../../helpers/rpm-packages.ts';
import { contextFor } from '../../rootfs/support.ts';
import { baseSystem, targetOf } from './target.ts';

const service: TestRpm = {
  name: 'service',
  requires: ['/bin/sh'],
  scripts: {
    pre: "echo 'service:x:990:991::/:/bin/false' >> /etc/passwd; echo 'service:x:991:' >> /etc/group",
    post: 'echo made > /var/lib/service/made; chown service:mail /var/lib/service/made',
  },
  files: {
    '/var/lib/service': { directory: true, mode: 0o700, owner: 'service', group: 'service' },
    '/usr/bin/service': { text: 'x', mode: 0o2755, group: 'service' },
    '/usr/bin/other': { text: 'x', mode: 0o755 },
  },
};

test('what %pre makes owns files, and keeps them with the numbers that a config wants', async () => {
  const target = await targetOf([baseSystem, service]);
  const root = join(target.directory, 'root');
  await installRpms({}, target.lock, root, { documentation: true }, target.context);
  const owners = async () => {
    const paths = ['var/lib/service', 'var/lib/service/made', 'usr/bin/service', 'usr/bin/other'];
    const stats = await Promise.all(paths.map((path) => lstat(join(root, path))));
    return stats.map(({ uid, gid, mode }) => [uid, gid, (mode & 0o7777).toString(8)]);
  };
  expect(await owners()).toEqual([
    [990, 991, '700'],
    [990, 8, '644'],
    [0, 991, '2755'],
    [0, 0, '755'],
  ]);
  await accountNumbers.run(
    contextFor(root, {
      users: { kind: 'text', text: 'service:x:300:301::/:/bin/false\n', origin: 'passwd' },
      groups: { kind: 'data', ids: new Map([['service', [301]]]), origin: 'check-groups' },
    }),
  );
  expect(await readFile(join(root, 'etc/passwd'), 'utf8')).toContain('service:x:300:301:');
  expect(await owners()).toEqual([
    [300, 301, '700'],
    [300, 8, '644'],
    // Whoever changes an owner has to give the set-group-ID bit back.
    [0, 301, '2755'],
    [0, 0, '755'],
  ]);
});
