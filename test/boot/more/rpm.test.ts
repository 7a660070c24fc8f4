import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import type { Provisioning } from '../../../src/vm/ignition.ts';
import { packages } from '../../../src/vm/suites/basic/packages.ts';
import { requireRunning } from '../../../src/vm/suites/basic/running.ts';
import { startDockerRegistry } from '../../helpers/docker-registry.ts';
import { cosaOk, testWork } from '../../integration/fixture.ts';
import { rpmRepositories, rpmScene } from '../../integration/rpm-fixture.ts';
import { bootDisk, hostFromGuest } from '../boot-disk.ts';

interface Built {
  digest: string;
  commit: string;
  updateSize: number | null;
}

/** The registry has one name for all; a guest reaches it at another address than the host does. */
function hostFiles(host: string): NonNullable<Provisioning['files']> {
  const location = host.replace('127.0.0.1', hostFromGuest);
  const registry = `[[registry]]\nprefix = "${host}"\nlocation = "${location}"\ninsecure = true\n`;
  const policy = '{"default":[{"type":"insecureAcceptAnything"}]}';
  const file = (path: string, content: string) => ({ path: `/etc/containers/${path}`, mode: 0o644, content });
  return [file('policy.json', policy), file('registries.conf.d/50-rpm.conf', registry)];
}

test('a system of rpms is upgraded to one with three packages updated, and rolled back', async () => {
  const repositories = await rpmRepositories();
  await using scene = await rpmScene('rpm-upgrade', repositories);
  await using registry = await startDockerRegistry();
  const reference = `docker://${registry.host}/os/rpm:stable`;
  const build = async (): Promise<Built> => {
    await cosaOk(scene.directory, ['fetch', '--update-lockfile']);
    const built = JSON.parse(await cosaOk(scene.directory, ['--json', 'ostree', 'build'])) as Built;
    await cosaOk(scene.directory, ['push', built.digest, reference]);
    return built;
  };
  const first = await build();
  const images = await cosaOk(scene.directory, ['--json', 'image', 'build', 'qemu', '--from', reference]);
  const [image] = JSON.parse(images) as { path: string }[];
  scene.serve(repositories.next);
  const next = await build();

  await using guest = await bootDisk({
    disk: image?.path ?? '',
    commit: first.commit,
    files: hostFiles(registry.host),
    consoleLog: resolve(testWork, 'consoles/rpm.log'),
  });
  await requireRunning(guest);
  await packages.run(guest);
  const versions = 'rpm --query less media-types tzdata';
  const before = await guest.output(versions);
  await guest.output('echo mine | sudo tee /etc/mine /var/mine');

  const received = 'cat /sys/class/net/e*/statistics/rx_bytes';
  const bytes = Number(await guest.output(received));
  await guest.output('sudo cosa-update upgrade');
  expect(Number(await guest.output(received)) - bytes).toBeLessThan((next.updateSize ?? 0) + 2 ** 20);
  await guest.reboot();
  await requireRunning(guest);
  expect(await guest.output("cosa-update status | grep --after-context 3 '^booted:'")).toContain(next.commit);
  await packages.run(guest);
  expect(await guest.output(versions)).toMatch(/^less-668-1\.2\..*\nmedia-types-.*\.2\.noarch\ntzdata-.*\.2\.noarch$/);
  expect(await guest.output('cat /usr/share/less-news /etc/mine /var/mine')).toBe('What is new in less.\nmine\nmine');

  await guest.output('sudo cosa-update rollback');
  await guest.reboot();
  await requireRunning(guest);
  expect(await guest.output(versions)).toBe(before);
  await packages.run(guest);
  expect(await guest.output('cat /etc/mine /var/mine')).toBe('mine\nmine');
});
