import { expect, test } from 'vitest';
import { formatLockfile } from '../../../src/contract/lockfile.ts';
import type { RemoteResult } from '../../../src/vm/ssh.ts';
import { commit } from '../../../src/vm/suites/basic/commit.ts';
import { firmware } from '../../../src/vm/suites/basic/firmware.ts';
import { growth } from '../../../src/vm/suites/basic/growth.ts';
import { compare, packages } from '../../../src/vm/suites/basic/packages.ts';
import { running } from '../../../src/vm/suites/basic/running.ts';
import { check, type Guest } from '../../../src/vm/suites/system-test.ts';

const expectedCommit = 'ab'.repeat(32);

/** A guest that answers the first of these whose key is part of the command; everything else fails there. */
function scriptedGuest(answers: Readonly<Record<string, string>>): Guest {
  async function run(command: string): Promise<RemoteResult> {
    const found = Object.entries(answers).find(([part]) => command.includes(part));
    return found === undefined
      ? { stdout: '', stderr: 'not found', exitCode: 1 }
      : { stdout: `${found[1]}\n`, stderr: '', exitCode: 0 };
  }
  return {
    expected: { commit: expectedCommit, firmware: 'uefi', diskSize: 10 * 1024 ** 3 },
    publicKey: 'ssh-ed25519 AAAA',
    run,
    output: async (command) => {
      const { exitCode, stdout } = await run(command);
      check(exitCode === 0, command);
      return stdout.trim();
    },
    reboot: () => Promise.reject(new Error('no reboot here')),
  };
}

test('a degraded system fails with its failed units and their journal', async () => {
  const guest = scriptedGuest({
    'is-system-running': 'degraded',
    journalctl: 'Nov 23 a[1]: no such device',
    '--failed': 'a.service loaded failed failed A',
  });
  await expect(running.run(guest)).rejects.toThrow(
    'the system is "degraded"; failed units:\na.service loaded failed failed A\nNov 23 a[1]: no such device',
  );
});

test('the booted deployment is the one with the star', async () => {
  const status = (booted: string, other: string) =>
    `* debian ${booted}.1\n    origin: x\n  debian ${other}.0 (rollback)`;
  const other = 'cd'.repeat(32);
  await commit.run(scriptedGuest({ 'admin status': status(expectedCommit, other) }));
  await expect(commit.run(scriptedGuest({ 'admin status': status(other, expectedCommit) }))).rejects.toThrow(
    `/ is ${other}, the container holds ${expectedCommit}`,
  );
  await expect(commit.run(scriptedGuest({ 'admin status': 'No deployments.' }))).rejects.toThrow(
    'no deployment is booted',
  );
});

test.each([
  ['bios', 'booted with bios, not with uefi'],
  ['1', 'booted with uefi-secure, not with uefi'],
  ['?', 'booted with ?, not with uefi'],
])('another firmware: %s', async (answer, message) => {
  await expect(firmware.run(scriptedGuest({ SecureBoot: answer }))).rejects.toThrow(message);
});

const mib = 1024 ** 2;

/** A disk of 10 GiB whose root partition begins at 513 MiB. */
function disk(partitionMiB: number, filesystemMiB: number): Guest {
  return scriptedGuest({
    '--output SOURCE': '/dev/vda4',
    '/sys/class/block/vda4/start': `${(513 * mib) / 512}\n${(partitionMiB * mib) / 512}`,
    '--file-system': `${filesystemMiB * 256}\n4096`,
  });
}

test('growth: partition and filesystem reach the end of the disk', async () => {
  await growth.run(disk(10 * 1024 - 514, 9_500));
  await expect(growth.run(disk(2_000, 1_990))).rejects.toThrow(`ends at byte ${2_513 * mib} of ${10 * 1024 * mib}`);
  await expect(growth.run(disk(10 * 1024 - 514, 2_000))).rejects.toThrow('fills 21 % of its partition');
});

const lockOf = (family: 'deb' | 'rpm' | undefined) =>
  formatLockfile({
    family,
    basearch: 'x86_64',
    packages: ['a 1:2-3 amd64', 'b 1-1 all', 'c 2 amd64', 'c 2 i386'].map((line) => {
      const [name = '', version = '', architecture = ''] = line.split(' ');
      const file = { sha256: 'a'.repeat(64), size: 1, repository: 'debian', path: `pool/${name}.deb` };
      return { name, version, architecture, source: name, ...file };
    }),
    repositoryTimestamp: 0,
  });

const debs = 'ii  a 1:2-3.amd64\nii  b 1-1.all\nii  c 2.i386\nii  c 2.amd64';
const rpms = 'ii a 1:2-3.amd64\nii b 0:1-1.all\nii c 2.i386\nii c 2.amd64';

test.each([
  ['dpkg-query', 'deb', '/usr/bin/rpm', { 'dpkg-query': debs }],
  ['rpm, which tells an epoch of 0', 'rpm', '/usr/bin/dpkg-query', { 'rpm --query': rpms }],
  ['the program that is there, for a lock of others', undefined, '/usr/bin/rpm', { 'rpm --query': rpms }],
] as const)('packages by %s', async (_name, family, path, answers) => {
  await packages.run(scriptedGuest({ 'manifest-lock': lockOf(family), 'command -v': path, ...answers }));
});

test('packages that differ from the lockfile are named', () => {
  const locked = new Map([
    ['a', '1.amd64'],
    ['b', '1.amd64'],
    ['c', '1.amd64'],
  ]);
  const installed = new Map([
    ['a', '1.amd64'],
    ['b', '2.amd64'],
    ['d', '1.amd64 (iU)'],
  ]);
  expect(compare(locked, installed)).toEqual([
    'b is 2.amd64, locked is 1.amd64',
    'c 1.amd64 is not installed',
    'd 1.amd64 (iU) is not in the lockfile',
  ]);
});
