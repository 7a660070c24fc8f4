import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { machineDirectory } from '../../src/vm/prepare.ts';
import { createSshKey } from '../../src/vm/ssh.ts';
import { bootedDeployment } from '../../src/vm/suites/basic/commit.ts';
import { growth } from '../../src/vm/suites/basic/growth.ts';
import { requireRunning } from '../../src/vm/suites/basic/running.ts';
import { basic } from '../../src/vm/suites/basic.ts';
import type { Guest } from '../../src/vm/suites/system-test.ts';
import { cosa, cosaOk } from '../integration/fixture.ts';
import type { BootReport } from './boot.ts';
import { bootLive, configFor, installAndReboot, requireLive, serialConsole } from './live.ts';
import { buildMedium, customized } from './live-media.ts';
import { commitConfig, edit, prepareScene, type Scene, stream } from './scene.ts';

// "Your first pipeline" (docs/first-pipeline.md): machines that share no disk, a registry between them. In order.

interface Release {
  digest: string;
  commit: string;
  version: string;
}

let scene: Scene;
let machine3: string;
let first: Release;
let second: Release & { updateSize: number };
let iso: string;

beforeAll(async () => {
  scene = await prepareScene();
});

afterAll(async () => {
  await scene[Symbol.asyncDispose]();
});

async function json<T>(directory: string, args: readonly string[], env?: Record<string, string>): Promise<T> {
  return JSON.parse(await cosaOk(directory, ['--json', ...args], env)) as T;
}

const fromStream = () => ['--from', `${scene.repository}:${stream}`];

test('machine 3 makes an ISO of the stream, from the registry alone', async () => {
  machine3 = await scene.newMachine('machine-3');
  const image = await buildMedium(machine3, 'live-iso', ...fromStream());
  iso = image.path;
  first = { ...image.container, commit: image.container['ostree-commit'], version: image.version };
  expect(first.version).toBe('13.0.0');
});

/** An account that no sysusers.d file of a package knows, and a file that belongs to it. */
const newAccount = [
  '#!/bin/sh',
  'set -e',
  'useradd --system --uid 717 --user-group --home-dir /nonexistent --shell /usr/sbin/nologin newcomer',
  'install --owner newcomer --group newcomer --mode 0640 /dev/null /usr/share/newcomer',
];

function indented(lines: readonly string[]): string {
  return lines.map((line) => `    ${line}\n`).join('');
}

test('machine 1, with nothing but a reference, builds the next version and offers it as the candidate', async () => {
  const machine = await scene.newMachine('machine-1');
  await scene.warmCache(machine);
  await cosaOk(machine, ['init', '--ostree', `${scene.repository}:${stream}`]);

  const config = resolve(machine, 'src/config');
  await edit(resolve(config, 'overlay.d/20login/etc/motd'), (text) => `${text}  This is the next version.\n`);
  await edit(resolve(config, 'manifest.yaml'), (text) => `${text}\npostprocess:\n  - |\n${indented(newAccount)}`);
  await commitConfig(config, 'Greet those who update');

  second = await json(machine, ['ostree', 'build', '--push', scene.repository]);
  expect(second.version).toBe('13.0.1');
  const candidate = `${scene.repository}:${stream}-candidate`;
  await cosaOk(machine, ['sign', '--key', `${scene.keys}/release.key`, candidate], scene.signer);

  const inspected = await json<{ digest: string }>(machine, ['inspect', candidate]);
  expect(inspected.digest).toBe(second.digest);
});

test('machine 2 tests exactly that digest and promotes it', async () => {
  const machine = await scene.newMachine('machine-2');
  const promotion = ['promote', `${scene.repository}:${stream}`];
  expect((await cosa(machine, promotion)).exitCode).toBe(4);

  const tested = `${scene.repository}@${second.digest}`;
  const { exitCode, stdout, stderr } = await cosa(machine, ['test', '--json', 'basic', '--from', tested]);
  expect(exitCode, `${stderr}${stdout}`).toBe(0);
  const [suite] = (JSON.parse(stdout) as BootReport).suites;
  expect(suite).toMatchObject({ subject: second.digest, suite: 'basic', complete: true, firmware: 'bios' });
  expect(suite?.tests.map(({ name }) => name)).toEqual(['boot', ...basic.tests.map(({ name }) => name)]);
  expect(await readFile(suite?.consoleLog ?? '', 'latin1')).toContain('Linux version');

  // The verdict lies beside the container, where all machines find it.
  expect(await json(machine, promotion)).toMatchObject({ digest: second.digest, previous: first.digest, moved: true });
});

test('machine 3 makes disks of what was promoted', async () => {
  const [image] = await json<{ container: { digest: string } }[]>(machine3, [
    'image',
    'build',
    'qemu',
    ...fromStream(),
  ]);
  expect(image?.container.digest).toBe(second.digest);
});

/** The first two lines that `cosa-update status` prints of what runs. */
async function booted(guest: Guest): Promise<string> {
  return guest.output("cosa-update status | grep --after-context 2 '^booted:'");
}

function bootedStatus({ version, digest }: Release): string {
  return `booted: ${version}\n  reference  ${scene.repository}:${stream}\n  digest     ${digest}`;
}

async function kernelArguments(guest: Guest): Promise<string[]> {
  const text = await guest.output('cat /proc/cmdline');
  return text.split(' ').filter((argument) => !/^(BOOT_IMAGE=|ostree=|ignition\.firstboot$)/.test(argument));
}

/** What the arguments of a first boot are from then on: root and boot are just these filesystems. */
async function bound(guest: Guest, firstArguments: readonly string[]): Promise<string[]> {
  const uuid = (path: string) => guest.output(`findmnt --noheadings --output UUID --mountpoint ${path}`);
  const [root, boot] = [`root=UUID=${await uuid('/sysroot')}`, `boot=UUID=${await uuid('/boot')}`];
  return firstArguments.flatMap((argument) => (argument === 'root=LABEL=root' ? [root, boot] : [argument]));
}

test('machine 4 boots the ISO, installs it, boots what it installed, upgrades to what was promoted, and can go back', async () => {
  await using scratch = await machineDirectory();
  const key = await createSshKey(scratch.path);
  const installed = { path: '/etc/installed.ign', mode: 0o600, content: configFor(key, scene.hostFiles) };
  await using guest = await bootLive({
    start: { cdrom: await customized(machine3, iso, scratch.path, configFor(key, [installed])) },
    disk: { size: 10 * 1024 ** 3, sectorSize: 512 },
    firmware: 'bios',
    commit: first.commit,
    key,
    name: 'scene',
  });
  await requireRunning(guest);
  await requireLive(guest);
  const medium = await guest.run('sudo cosa-install /dev/sr0');
  // The drive is one, whoever has mounted what is in it.
  expect(medium.stderr).toMatch(/^cosa-install: \/dev\/sr0: it is read-only$/m);

  const said = await installAndReboot(guest, '--ignition /etc/installed.ign --append-karg systemd.show_status=1');
  expect(said).toMatch(/^written and verified: sha256 /m);
  await requireRunning(guest);
  await growth.run(guest);
  expect(await booted(guest)).toBe(bootedStatus(first));
  const before = await kernelArguments(guest);
  expect(before.slice(-2)).toEqual([serialConsole, 'systemd.show_status=1']);
  expect(before).toContain('ignition.platform.id=metal');

  await guest.output('echo mine | sudo tee /etc/mine /var/mine');
  expect((await guest.run('sudo cosa-update upgrade --check')).stdout).toContain(second.digest);

  await refusesOthers(guest);

  const received = 'cat /sys/class/net/e*/statistics/rx_bytes';
  const bytes = Number(await guest.output(received));
  expect(await guest.output('systemctl is-enabled cosa-update.timer')).toBe('enabled');
  await guest.output('sudo systemctl start cosa-update.service');
  const log = await guest.output('sudo journalctl --boot --output cat --unit cosa-update.service');
  expect(log).toContain(`layers to fetch, ${second.updateSize} bytes`);
  expect(Number(await guest.output(received)) - bytes).toBeLessThan(second.updateSize + 2 ** 20);
  expect((await guest.run('sudo cosa-update upgrade --check')).exitCode).toBe(77);

  await guest.reboot();
  await requireRunning(guest);
  expect(await booted(guest)).toBe(bootedStatus(second));
  expect((await bootedDeployment(guest)).commit).toBe(second.commit);
  expect(await kernelArguments(guest)).toEqual(await bound(guest, before));
  expect(await guest.output('cat /etc/mine /var/mine')).toBe('mine\nmine');
  expect(await guest.output('cat /etc/motd')).toContain('This is the next version.');
  // The machine has an /etc/passwd of its own since Ignition made its user.
  expect(await guest.output('id core newcomer | cut --delimiter " " --fields 1')).toBe(
    'uid=1000(core)\nuid=717(newcomer)',
  );
  expect(await guest.output("stat --format '%U %G %a' /usr/share/newcomer")).toBe('newcomer newcomer 640');

  // more/rpm.test.ts boots into it.
  expect(await guest.output('sudo cosa-update rollback')).toMatch(/^pending: 13\.0\.0$/m);
});

/** The next version without its signature, and then with somebody else's. */
async function refusesOthers(guest: Guest): Promise<void> {
  const copied = `${scene.elsewhere}:${stream}`;
  const before = await guest.output('cosa-update status');
  await cosaOk(machine3, ['copy', `${scene.repository}@${second.digest}`, copied]);
  const unsigned = await guest.run(`sudo cosa-update switch ${copied}`);
  expect(unsigned.exitCode).toBe(1);
  expect(unsigned.stderr).toContain('A signature was required, but no signature exists');

  await cosaOk(machine3, ['sign', '--key', `${scene.keys}/other.key`, copied], scene.signer);
  const foreign = await guest.run(`sudo cosa-update switch ${copied}`);
  expect(foreign.exitCode).toBe(1);
  expect(foreign.stderr).toContain('signature');
  expect(await guest.output('cosa-update status')).toBe(before);
}
