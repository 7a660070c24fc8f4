import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { run } from '../../src/exec/run.ts';
import { tools } from '../../src/exec/tools.ts';
import { prettyJson } from '../../src/lib/canonical-json.ts';
import { createCleanup } from '../../src/lib/cleanup.ts';
import type { Provisioning } from '../../src/vm/ignition.ts';
import { startDockerRegistry } from '../helpers/docker-registry.ts';
import { builtWorkDirectory, cosaOk, testConfig, testWork, warmCache } from '../integration/fixture.ts';
import { hostFromGuest } from './boot-disk.ts';
import { startGitServer } from './git-server.ts';

/** The stream that the scene is about. */
export const stream = 'testing-devel';

const password = 'of a test';

/** What the machines of the scene share: a registry, a git server, and the names and keys that they were told. */
export interface Scene extends AsyncDisposable {
  /** `docker://HOST/REPOSITORY`: append a tag or a digest. */
  repository: string;
  /** The same registry's repository for what must not be installed. */
  elsewhere: string;
  /** Directory of the keys: `release.key`, `release.pub`, `other.key`. */
  keys: string;
  /** Environment of whoever signs. */
  signer: Record<string, string>;
  /** What Ignition gives every host: the registry's place, and whose signature counts. */
  hostFiles: NonNullable<Provisioning['files']>;
  /** An empty directory: what a new machine has. Whoever uses containers there must ask for the release's signature. */
  newMachine(name: string): Promise<string>;
  /** Downloads of packages and installed roots, for a machine that builds: they save minutes, and nothing else. */
  warmCache(machine: string): Promise<void>;
}

/** A registry, a config in git, and one release that a machine has left there before it was thrown away. */
export async function prepareScene(): Promise<Scene> {
  const cleanup = createCleanup();
  try {
    const registry = await startDockerRegistry();
    cleanup.defer(() => registry[Symbol.asyncDispose]());
    const root = resolve(testWork, 'scene');
    await rm(root, { recursive: true, force: true });
    await mkdir(root, { recursive: true });
    const repository = `docker://${registry.host}/os/debian-coreos`;

    const repositories = resolve(root, 'git');
    const server = await startGitServer(repositories);
    cleanup.defer(() => server[Symbol.asyncDispose]());
    const built = await builtWorkDirectory();
    await publishConfig(resolve(repositories, 'debian-coreos'), `ostree-image-signed:${repository}:{stream}`);

    const signer = { COSIGN_PASSWORD: password };
    await cosaOk(root, ['sign', '--generate-key', 'release'], signer);
    await cosaOk(root, ['sign', '--generate-key', 'other'], signer);
    const policy = policyText(registry.host, await readFile(resolve(root, 'release.pub')));

    const scene: Scene = {
      repository,
      elsewhere: `docker://${registry.host}/elsewhere/debian-coreos`,
      keys: root,
      signer,
      hostFiles: hostFiles(registry.host, policy),
      async newMachine(name) {
        const directory = resolve(root, name);
        await mkdir(directory);
        await writeFile(resolve(directory, 'policy.json'), policy);
        return directory;
      },
      warmCache: (machine) => warmCache(built, machine),
      [Symbol.asyncDispose]: () => cleanup[Symbol.asyncDispose](),
    };
    await publishFirstRelease(scene, `${server.address}/debian-coreos`);
    return scene;
  } catch (error) {
    await cleanup[Symbol.asyncDispose]();
    throw error;
  }
}

/** Puts the example into a bare repository, as a stream's branch that says where hosts find their updates. */
async function publishConfig(bare: string, reference: string): Promise<void> {
  const checkout = `${bare}.checkout`;
  await mkdir(bare, { recursive: true });
  await cp(testConfig, checkout, { recursive: true, verbatimSymlinks: true });
  await edit(resolve(checkout, 'manifest.yaml'), (text) => text.replace('stream: stable', `stream: ${stream}`));
  await edit(resolve(checkout, 'image.yaml'), (text) => `${text}container-imgref: ${reference}\n`);
  await run(tools.git, ['init', '--quiet', '--bare', '--initial-branch', stream, bare]);
  await run(tools.git, ['init', '--quiet', '--initial-branch', stream, checkout]);
  await commitConfig(checkout, 'Begin', bare);
  await rm(checkout, { recursive: true });
}

/** Commits all changes of a config, and pushes them to the stream's branch. */
export async function commitConfig(checkout: string, message: string, remote = 'origin'): Promise<void> {
  const identity = ['-c', 'user.name=Developer', '-c', 'user.email=developer@example.com'];
  await run(tools.git, ['add', '--all'], { cwd: checkout });
  await run(tools.git, [...identity, 'commit', '--quiet', '--message', message], { cwd: checkout });
  await run(tools.git, ['push', '--quiet', remote, `HEAD:${stream}`], { cwd: checkout });
}

/** Changes a text file. */
export async function edit(path: string, change: (text: string) => string): Promise<void> {
  await writeFile(path, change(await readFile(path, 'utf8')));
}

async function publishFirstRelease(scene: Scene, source: string): Promise<void> {
  const machine = await scene.newMachine('machine-0');
  await scene.warmCache(machine);
  await cosaOk(machine, ['init', source]);
  await cosaOk(machine, ['ostree', 'build', '--push', `${scene.repository}:${stream}`]);
  await cosaOk(machine, ['sign', '--key', `${scene.keys}/release.key`, `${scene.repository}:${stream}`], scene.signer);
  await rm(machine, { recursive: true });
}

/** Nothing is accepted but what the release key has signed. */
function policyText(host: string, publicKey: Buffer): string {
  const requirement = {
    type: 'sigstoreSigned',
    keyData: publicKey.toString('base64'),
    signedIdentity: { type: 'matchRepository' },
  };
  return prettyJson({ default: [{ type: 'reject' }], transports: { docker: { [host]: [requirement] } } });
}

/** The registry has one name for all; a guest reaches it at another address than the host does. */
function hostFiles(host: string, policy: string): NonNullable<Provisioning['files']> {
  const location = host.replace('127.0.0.1', hostFromGuest);
  const registry = `[[registry]]\nprefix = "${host}"\nlocation = "${location}"\ninsecure = true\n`;
  const file = (path: string, content: string) => ({ path: `/etc/containers/${path}`, mode: 0o644, content });
  return [
    file('policy.json', policy),
    file('registries.conf.d/50-scene.conf', registry),
    file('registries.d/50-scene.yaml', 'default-docker:\n  use-sigstore-attachments: true\n'),
  ];
}
