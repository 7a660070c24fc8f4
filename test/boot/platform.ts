import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect } from 'vitest';
import { runStep } from '../../src/progress/step.ts';
import type { Firmware } from '../../src/vm/firmware.ts';
import { ignitionConfig } from '../../src/vm/ignition.ts';
import { type Machine, startMachine } from '../../src/vm/machine.ts';
import { createSshKey, type SshKey } from '../../src/vm/ssh.ts';
import { capabilities } from '../../src/vm/suites/basic/capabilities.ts';
import { commit } from '../../src/vm/suites/basic/commit.ts';
import { firmware } from '../../src/vm/suites/basic/firmware.ts';
import { growth } from '../../src/vm/suites/basic/growth.ts';
import { immutableRoot } from '../../src/vm/suites/basic/immutable-root.ts';
import { readOnlyUsr } from '../../src/vm/suites/basic/read-only-usr.ts';
import { running } from '../../src/vm/suites/basic/running.ts';
import { createGuest, testUser } from '../../src/vm/suites/guest.ts';
import { startDockerRegistry } from '../helpers/docker-registry.ts';
import { serveDirectory } from '../helpers/serve-directory.ts';
import { silentSession } from '../helpers/session.ts';
import { builtWorkDirectory, candidate, cosaOk, stream, testWork } from '../integration/fixture.ts';
import { readImage } from '../integration/release/stream-reader.ts';
import { provisionedDisk } from './provisioned-disk.ts';

/** What a platform's disk said of itself after its first boot, when it had passed the tests of every disk. */
export interface PlatformBoot {
  /** The kernel's command line, argument by argument. */
  kernelArguments: readonly string[];
  /** What of the provisioning is still in /boot. */
  leftInBoot: string;
}

/** Of what `cosa image build --json` says of an image. */
interface BuiltImage {
  path: string;
  container: { 'ostree-commit': string };
}

/** What holds wherever a disk boots. */
const everywhere = [running, commit, firmware, growth, readOnlyUsr, immutableRoot, capabilities];

const grow = 2 * 1024 ** 3;

/** Gives the image of a platform; the directory is empty. */
type Obtain = (platform: string, directory: string) => Promise<BuiltImage>;

/** Makes the example's image for a platform with `cosa image build`, and boots what is in it. */
export function bootPlatform(platform: string, start: Firmware, obtain: Obtain = build): Promise<PlatformBoot> {
  return withMachine({ platform, start, obtain }, async ({ machine, key, image, signal }) => {
    const expected = { commit: image.container['ostree-commit'], firmware: start, diskSize: machine.diskSize };
    const guest = createGuest(machine, key, expected, signal);
    await guest.reachable();
    for (const test of everywhere) await test.run(guest);
    return {
      kernelArguments: (await guest.output('cat /proc/cmdline')).split(/\s+/),
      leftInBoot: await guest.output('ls -d /boot/ignition* 2>/dev/null || true'),
    };
  });
}

/**
 * As {@link bootPlatform}, up to where Ignition looks for its cloud, which is not here. An id that it does not know would
 * end the boot before.
 * @returns the kernel's command line, argument by argument
 */
export function bootToCloud(platform: string, start: Firmware): Promise<readonly string[]> {
  return withMachine({ platform, start, obtain: build }, async ({ machine, signal }) => {
    const wait = { milliseconds: 20 * 60_000, signal: AbortSignal.any([signal, machine.stopped]) };
    await machine.console.waitFor(/Job ignition-fetch\.service\/start running|emergency/i, wait);
    const text = machine.console.tail(20_000).join('\n');
    expect(text).not.toMatch(/emergency/i);
    return /Kernel command line: (.*)/.exec(text)?.[1]?.trim().split(' ') ?? [];
  });
}

interface StartedPlatform {
  machine: Machine;
  key: SshKey;
  image: BuiltImage;
  signal: AbortSignal;
}

async function build(platform: string): Promise<BuiltImage> {
  const work = await builtWorkDirectory();
  const made = JSON.parse(await cosaOk(work, ['image', 'build', platform, '--json'])) as BuiltImage[];
  const image = made[0];
  if (image === undefined) throw new Error(`no image for ${platform} was made`);
  return image;
}

/**
 * As a release goes that has a web server: the image is released to a directory, and whoever knows the address of the stream
 * has it from there.
 */
export async function readFromStream(platform: string, directory: string): Promise<BuiltImage> {
  const { container } = await build(platform);
  const [published, work] = [join(directory, 'published'), join(directory, 'releasing')];
  const from = `oci:${work}/oci:`;
  await mkdir(work);
  await cosaOk(work, ['copy', `oci:${await builtWorkDirectory()}/oci:${candidate}`, `${from}${candidate}`]);
  await cosaOk(work, ['tag', `${from}${candidate}`, stream]);
  await using server = await serveDirectory(published);
  const address = `http://${server.host}`;
  const store = [`file://${published}`, '--base-url', address];
  await cosaOk(work, ['release', ...store, '--from', `${from}${stream}`, '--platform', platform]);
  const { path } = await readImage(`${address}/streams/${stream}.json`, [platform, 'qcow2.gz'], directory);
  return { path, container };
}

/** As a release goes: the built image is pushed and signed, and then there is nothing but a registry and a public key. */
export async function fetchFromRegistry(platform: string, directory: string): Promise<BuiltImage> {
  const { container } = await build(platform);
  const passphrase = { COSIGN_PASSWORD: 'secret' };
  await using registry = await startDockerRegistry();
  const repository = `docker://${registry.host}/os/example`;
  await cosaOk(directory, ['sign', '--generate-key', 'release'], passphrase);
  const key = join(directory, 'release.key');
  const push = ['image', 'push', platform, `${repository}:disks`, '--sign', key];
  await cosaOk(await builtWorkDirectory(), push, passphrase);
  await cosaOk(directory, ['verify', '--key', 'release.pub', `${repository}:disks`]);
  const pull = ['image', 'pull', `${repository}:disks`, platform, '--output', directory, '--json'];
  const { images } = JSON.parse(await cosaOk(directory, pull)) as { images: { path: string }[] };
  const path = images[0]?.path;
  if (path === undefined) throw new Error(`no image for ${platform} came back`);
  return { path, container };
}

async function withMachine<T>(
  { platform, start, obtain }: { platform: string; start: Firmware; obtain: Obtain },
  use: (started: StartedPlatform) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(testWork, `${platform}-`));
  const session = silentSession();
  try {
    const image = await obtain(platform, directory);
    const key = await createSshKey(directory);
    const config = ignitionConfig({ users: [{ name: testUser, sshKeys: [key.publicKey] }] });
    const disk = await provisionedDisk(image.path, directory, config);
    const consoleLog = resolve(testWork, 'consoles', `${platform}-${start}.log`);
    const options = { disk, grow, firmware: start, memory: 2048, cpus: 2, consoleLog };
    await using machine = await runStep(session, 'start machine', (reporter) =>
      startMachine({ ...options, architecture: 'x86_64' }, reporter),
    );
    return await use({ machine, key, image, signal: session.signal });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The consoles of a kernel command line, in their order: the last is /dev/console. */
export function consolesOf(kernelArguments: readonly string[]): string[] {
  return kernelArguments.flatMap((argument) => (argument.startsWith('console=') ? [argument.slice(8)] : []));
}
