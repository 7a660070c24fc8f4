import { mkdir, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../../src/exec/run.ts';
import { createCleanup } from '../../src/lib/cleanup.ts';
import { requireRunning } from '../../src/vm/suites/basic/running.ts';
import { startDockerRegistry } from '../helpers/docker-registry.ts';
import { buildah } from '../helpers/peers.ts';
import { builtWorkDirectory, candidate, cosaOk, testWork } from '../integration/fixture.ts';
import { bootDisk, hostFromGuest } from './boot-disk.ts';

// "Bring your own container" (docs/bring-your-own-container.md): one that buildah has derived from the example's.

const cleanup = createCleanup();
const root = resolve(testWork, 'derived');
let repository: string;
let host: string;

beforeAll(async () => {
  await rm(root, { recursive: true, force: true });
  await mkdir(root, { recursive: true });
  const registry = await startDockerRegistry();
  cleanup.defer(() => registry[Symbol.asyncDispose]());
  host = registry.host;
  repository = `${host}/mine/os`;
  // buildah makes a name of the directory of a layout, and takes few.
  await cosaOk(await builtWorkDirectory(), ['push', candidate, `docker://${host}/base/os:stable`]);
});

afterAll(async () => {
  await cleanup[Symbol.asyncDispose]();
  await rm(root, { recursive: true, force: true });
});

/** Builds a container on top of the example's with a Containerfile, and pushes it as `stable`. */
async function buildAndPush(version: string, commands: readonly string[]): Promise<void> {
  const file = resolve(root, 'Containerfile');
  const lines = [`FROM ${host}/base/os:stable`, ...commands.map((command) => `RUN ${command}`)];
  await writeFile(file, `${lines.join('\n')}\nLABEL org.opencontainers.image.version=${version}\n`);
  // With hard links and copies of all layers, as vfs has them, a disk is soon full.
  const storage = ['--root', `${root}/storage`, '--runroot', `${root}/run`, '--storage-driver', 'overlay'];
  const options = [
    '--isolation',
    'chroot',
    '--tls-verify=false',
    '--file',
    file,
    '--tag',
    `${repository}:stable`,
    root,
  ];
  await run(buildah, [...storage, 'build', ...options]);
  await run(buildah, [...storage, 'push', '--quiet', '--tls-verify=false', `${repository}:stable`]);
}

interface DiskImage {
  path: string;
  version: string;
  container: { digest: string; 'ostree-commit': string };
}

/** The registry has one name for all; a guest reaches it at another address than the host does. */
function hostFiles() {
  const registry = `[[registry]]\nprefix = "${host}"\nlocation = "${host.replace('127.0.0.1', hostFromGuest)}"\ninsecure = true\n`;
  const policy = '{"default":[{"type":"insecureAcceptAnything"}]}';
  const file = (path: string, content: string) => ({ path: `/etc/containers/${path}`, mode: 0o644, content });
  return [file('policy.json', policy), file('registries.conf.d/50-derived.conf', registry)];
}

test('a container derived from the example boots, and upgrades to the next one from its registry', async () => {
  await buildAndPush('1', [
    'echo one > /etc/derived.conf && echo app > /usr/bin/app && chmod 755 /usr/bin/app',
    'mkdir -p /var/lib/app && echo data > /var/lib/app/data && echo changed >> /etc/motd',
  ]);
  const from = `docker://${repository}:stable`;
  const images = JSON.parse(await cosaOk(root, ['--json', 'image', 'build', 'qemu', '--from', from])) as DiskImage[];
  const [image] = images;
  if (image === undefined) throw new Error('no disk image was made');
  expect(image.version).toBe('1');

  const { path: disk, container } = image;
  const commit = container['ostree-commit'];
  await using guest = await bootDisk({
    disk,
    commit,
    files: hostFiles(),
    consoleLog: resolve(testWork, 'consoles/derived.log'),
  });
  await requireRunning(guest);
  const status = "cosa-update status | grep --after-context 3 '^booted:'";
  expect(await guest.output(status)).toBe(
    `booted: 1\n  reference  ${from}\n  digest     ${container.digest}\n  commit     ${commit}`,
  );
  expect(await guest.output('cat /etc/derived.conf /usr/bin/app /var/lib/app/data')).toBe('one\napp\ndata');
  await guest.output('sudo ostree fsck --quiet');

  await buildAndPush('2', ['echo two > /etc/derived.conf && echo second > /usr/share/second']);
  const received = 'cat /sys/class/net/e*/statistics/rx_bytes';
  const before = Number(await guest.output(received));
  await guest.output('sudo cosa-update upgrade');
  // Of the base nothing is fetched again, though buildah has compressed all of its layers anew.
  expect(Number(await guest.output(received)) - before).toBeLessThan(5 * 2 ** 20);
  const next = JSON.parse(await cosaOk(root, ['--json', 'image', 'build', 'qemu', '--from', from])) as DiskImage[];
  await guest.reboot();
  await requireRunning(guest);
  // The machine has made of the container what a disk of it has.
  expect(await guest.output(status)).toContain(`booted: 2\n`);
  expect(await guest.output(status)).toContain(`commit     ${next[0]?.container['ostree-commit']}`);
  expect(await guest.output('cat /etc/derived.conf /usr/share/second')).toBe('two\nsecond');
  expect(await guest.output('test ! -e /usr/bin/app && cat /var/lib/app/data')).toBe('data');
  await guest.output('sudo ostree fsck --quiet');
});
