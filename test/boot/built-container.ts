import { mkdir, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { run } from '../../src/exec/run.ts';
import { createCleanup } from '../../src/lib/cleanup.ts';
import type { Provisioning } from '../../src/vm/ignition.ts';
import { startDockerRegistry } from '../helpers/docker-registry.ts';
import { buildah } from '../helpers/peers.ts';
import { builtWorkDirectory, candidate, cosaOk, testWork } from '../integration/fixture.ts';
import { hostFromGuest } from './boot-disk.ts';

/** A container that others build on the example's, with a Containerfile and buildah. */
export interface BuiltContainer extends AsyncDisposable {
  /** What machines follow: `docker://HOST/mine/os:stable`. */
  reference: string;
  /** What Ignition gives a machine that is to reach the registry. */
  hostFiles: NonNullable<Provisioning['files']>;
  /** Builds a version, and pushes it. @param commands one `RUN` each */
  push(version: string, commands: readonly string[]): Promise<void>;
  /** Makes a qemu disk of what the registry has now. */
  makeDisk(): Promise<BuiltDisk>;
}

interface BuiltDisk {
  path: string;
  version: string;
  container: { digest: string; 'ostree-commit': string };
}

/**
 * Starts a registry with the example's container in it.
 * @param options of `buildah build`
 */
export async function builtContainer(name: string, options: readonly string[] = []): Promise<BuiltContainer> {
  const cleanup = createCleanup();
  const root = resolve(testWork, name);
  await rm(root, { recursive: true, force: true });
  await mkdir(root, { recursive: true });
  cleanup.defer(() => rm(root, { recursive: true, force: true }));
  const { host, ...registry } = await startDockerRegistry();
  cleanup.defer(() => registry[Symbol.asyncDispose]());
  const base = `${host}/base/os:stable`;
  const tag = `${host}/mine/os:stable`;
  const reference = `docker://${tag}`;
  // buildah makes a name of the directory of a layout, and takes few.
  await cosaOk(await builtWorkDirectory(), ['push', candidate, `docker://${base}`]);
  // With hard links and copies of all layers, as vfs has them, a disk is soon full.
  const storage = ['--root', `${root}/storage`, '--runroot', `${root}/run`, '--storage-driver', 'overlay'];

  return {
    reference,
    hostFiles: hostFiles(host),
    async push(version, commands) {
      const file = resolve(root, 'Containerfile');
      const lines = [`FROM ${base}`, ...commands.map((command) => `RUN ${command}`)];
      await writeFile(file, `${lines.join('\n')}\nLABEL org.opencontainers.image.version=${version}\n`);
      const isolation = ['--isolation', 'chroot', '--tls-verify=false'];
      await run(buildah, [...storage, 'build', ...isolation, ...options, '--file', file, '--tag', tag, root]);
      await run(buildah, [...storage, 'push', '--quiet', '--tls-verify=false', tag]);
    },
    async makeDisk() {
      const text = await cosaOk(root, ['--json', 'image', 'build', 'qemu', '--from', reference]);
      const [image] = JSON.parse(text) as BuiltDisk[];
      if (image === undefined) throw new Error('no disk image was made');
      return image;
    },
    [Symbol.asyncDispose]: () => cleanup[Symbol.asyncDispose](),
  };
}

/** The registry has one name for all; a guest reaches it at another address than the host does. */
function hostFiles(host: string): NonNullable<Provisioning['files']> {
  const location = host.replace('127.0.0.1', hostFromGuest);
  const registry = `[[registry]]\nprefix = "${host}"\nlocation = "${location}"\ninsecure = true\n`;
  const policy = '{"default":[{"type":"insecureAcceptAnything"}]}';
  const file = (path: string, content: string) => ({ path: `/etc/containers/${path}`, mode: 0o644, content });
  return [file('policy.json', policy), file('registries.conf.d/50-built.conf', registry)];
}
