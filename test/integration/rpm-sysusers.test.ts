import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { installRpms } from '../../src/packages/rpm/install.ts';
import { debianRoot, runInside } from '../helpers/debian-root.ts';
import type { TestRpm, TestRpmFile } from '../helpers/rpm-packages.ts';
import { baseSystem, targetOf } from '../packages/rpm/target.ts';

/** Debian 13's rpm, 4.20, with all that it takes to run, as one package. */
async function newerRpm(): Promise<TestRpm> {
  const root = await debianRoot({
    suite: 'trixie',
    packages: ['rpm', 'dash', 'coreutils', 'findutils', 'grep', 'libc-bin'],
    state: 'unpacked',
  });
  const list =
    "/lib64/ld-linux-x86-64.so.2 --list /usr/bin/rpm | grep -o '/[^ ]*' | xargs realpath --no-symlinks; find /usr/lib/rpm -type f";
  const { exitCode, stdout, stderr } = await runInside(root, ['sh', '-ceu', list]);
  expect(exitCode, stderr).toBe(0);
  const version = (await runInside(root, ['rpm', '--version'])).stdout.trim().split(' ').at(-1) ?? '';
  const paths = stdout.trim().split('\n');
  const files = ['/usr/bin/rpm', ...paths].map((path): [string, TestRpmFile] => [
    path.replace(/^\/lib/, '/usr/lib'),
    { copyOf: join(root, path), mode: 0o755 },
  ]);
  return { name: 'rpm', version, architecture: 'x86_64', files: Object.fromEntries(files) };
}

/** Older rpmbuilds take no padding in a version, which spaces at the end save. */
const words = (line: string) => Buffer.from(line.padEnd(Math.ceil(line.length / 3) * 3)).toString('base64');

/** As rpmbuild of 4.19 and later makes it: what the package's file of sysusers.d says is in what it provides. */
const service: TestRpm = {
  name: 'service',
  // As of Fedora's setup: what has /etc/passwd comes first.
  requires: ['base'],
  provides: [
    `user(service) = ${words('u service 345 "A service" /var/lib/service')}`,
    `group(service) = ${words('g service 345')}`,
    `user(other) = ${words('u other - "Another"')}`,
    `group(other) = ${words('g other -')}`,
    `groupmember(service/mail) = ${words('m service mail')}`,
  ],
  files: {
    '/usr/lib/sysusers.d/service.conf':
      'u service 345 "A service" /var/lib/service\nu other - "Another"\nm service mail\n',
    '/var/lib/service': { directory: true, mode: 0o700, owner: 'service', group: 'service' },
    '/var/lib/other': { directory: true, owner: 'other', group: 'other' },
  },
};

test('an rpm that makes the accounts of sysusers.d itself makes those of its packages, which own their files', async () => {
  const target = await targetOf([baseSystem, await newerRpm(), service]);
  const root = join(target.directory, 'root');
  await installRpms({}, target.lock, root, { documentation: true }, target.context);
  const accounts = await readFile(join(root, 'etc/passwd'), 'utf8');
  expect(accounts).toContain('service:x:345:345:A service:/var/lib/service:/usr/sbin/nologin\n');
  expect(await readFile(join(root, 'etc/group'), 'utf8')).toContain('mail:x:8:service\n');
  const [, uid, gid] = /^other:x:(\d+):(\d+):Another:/m.exec(accounts) ?? [];
  const owners = await Promise.all(['service', 'other'].map((name) => lstat(join(root, 'var/lib', name))));
  expect(owners.map((stats) => [stats.uid, stats.gid])).toEqual([
    [345, 345],
    [Number(uid), Number(gid)],
  ]);
});
