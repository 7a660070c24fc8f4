import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run, tryRun } from '../../src/exec/run.ts';
import { type Digest, digestOf } from '../../src/lib/digest.ts';
import { storeBytes } from '../../src/oci/artifact.ts';
import { copyContent } from '../../src/oci/copy.ts';
import { checkLayout } from '../../src/oci/layout/check.ts';
import { openLayoutForWriting } from '../../src/oci/layout.ts';
import { openReference } from '../../src/oci/open.ts';
import type { Place } from '../../src/oci/place.ts';
import { createRegistries } from '../../src/oci/registry.ts';
import { mediaTypes } from '../../src/oci/types.ts';
import { silentReporter } from '../../src/progress/reporter.ts';
import { type DockerRegistry, type DockerRegistryOptions, startDockerRegistry } from '../helpers/docker-registry.ts';
import { storeImageOf, zstdOf } from '../helpers/image.ts';
import { entry, tarOf } from '../helpers/ostree-layers.ts';
import { buildah, podman, skopeo, umoci } from '../helpers/peers.ts';
import { placeOf } from '../helpers/place.ts';

// Other people's tools and ours meet in Debian's registry.
const flavours: DockerRegistryOptions[] = [
  {},
  { authentication: 'basic', tls: 'valid' },
  { authentication: 'token' },
  { authentication: 'token', tls: 'valid' },
];
const copyWithSkopeo = ['--insecure-policy', 'copy', '--preserve-digests'];

let directory: string;
/** An image in the layout `oci`, with one layer of each compression: `gzip`, `zstd`. */
let digests: Record<'gzip' | 'zstd', Digest>;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-peers-'));
  await using store = await openLayoutForWriting(join(directory, 'oci'));
  const tar = tarOf([entry('etc/', { type: 'directory', mode: 0o755 }), entry('etc/motd', {}, 'welcome\n')]);
  const gzip = await storeBytes(store, gzipSync(tar), mediaTypes.layerGzip);
  const zstd = await storeBytes(store, await zstdOf(tar), mediaTypes.layerZstd);
  const images = {
    gzip: await storeImageOf(store, [gzip], [digestOf(tar)], { title: 'gzip' }),
    zstd: await storeImageOf(store, [zstd], [digestOf(tar)], { title: 'zstd' }),
  };
  for (const [tag, image] of Object.entries(images)) await store.setTags([tag], image);
  digests = { gzip: images.gzip.digest, zstd: images.zstd.digest };
});
afterEach(() => rm(directory, { recursive: true }));

describe.each(flavours)('registry with %o', (flavour) => {
  let registry: DockerRegistry;
  beforeEach(async () => {
    registry = await startDockerRegistry(flavour);
  });
  afterEach(() => registry[Symbol.asyncDispose]());

  /** How a tool that uses containers-image reaches the registry; skopeo's copy has options for each side. */
  function access(side: '' | 'src-' | 'dest-' = ''): string[] {
    const certificates = join(registry.certificateDirectory, registry.host);
    const trust = flavour.tls === undefined ? [`--${side}tls-verify=false`] : [`--${side}cert-dir=${certificates}`];
    return [...trust, `--${side}authfile=${registry.authFile}`];
  }

  it('skopeo reads what we push, and we read what it pushes', async () => {
    await copy('oci:oci:zstd', remote(registry), 'ours', registry);
    const { stdout } = await run(skopeo, ['inspect', ...access(), `docker://${registry.host}/os/example:ours`]);
    expect(JSON.parse(stdout)).toMatchObject({ Digest: digests.zstd, Labels: { title: 'zstd' }, RepoTags: ['ours'] });
    const pulled = `oci:${directory}/skopeo:pulled`;
    await run(skopeo, [...copyWithSkopeo, ...access('src-'), `docker://${registry.host}/os/example:ours`, pulled]);
    expect(await checkLayout(join(directory, 'skopeo'), silentReporter())).toMatchObject({ problems: [] });

    const theirs = `docker://${registry.host}/os/example:theirs`;
    await run(skopeo, [...copyWithSkopeo, ...access('dest-'), `oci:${directory}/oci:gzip`, theirs]);
    expect(await copy(theirs, local('theirs'), 'theirs', registry)).toBe(digests.gzip);
    expect(await checkLayout(join(directory, 'theirs'), silentReporter())).toMatchObject({ problems: [] });
  });

  it('lets nobody in who does not say who it is', async () => {
    const image = `docker://${registry.host}/os/example:ours`;
    const options = access().filter((option) => !option.startsWith('--authfile'));
    const result = await tryRun(skopeo, ['inspect', '--no-creds', ...options, image]);
    expect(result.exitCode).not.toBe(0);
    const reason = flavour.authentication === undefined ? /manifest unknown|name unknown/ : /authentication required/;
    expect(result.stderr).toMatch(reason);
  });

  it.each([podman, buildah])('$name pulls what we push, and we pull what it pushes', async (tool) => {
    const storage = ['--root', join(directory, 'root'), '--runroot', join(directory, 'run'), '--storage-driver', 'vfs'];
    for (const tag of ['gzip', 'zstd'] as const) {
      await copy(`oci:oci:${tag}`, remote(registry), tag, registry);
      const image = `${registry.host}/os/example:${tag}`;
      await run(tool, [...storage, 'pull', ...access(), image]);
      await run(tool, [...storage, 'push', '--quiet', ...access(), image, `docker://${image}-again`]);
      await copy(`docker://${image}-again`, local('again'), tag, registry);
    }
    expect(await checkLayout(join(directory, 'again'), silentReporter())).toMatchObject({ problems: [], entries: 2 });
  });

  it('umoci unpacks what we pulled', async () => {
    await copy('oci:oci:gzip', remote(registry), 'gzip', registry);
    await copy(`docker://${registry.host}/os/example:gzip`, local('pulled'), 'gzip', registry);
    const bundle = join(directory, 'bundle');
    await run(umoci, ['unpack', '--rootless', '--image', `${directory}/pulled:gzip`, bundle]);
    expect(await readFile(join(bundle, 'rootfs/etc/motd'), 'utf8')).toBe('welcome\n');
  });
});

function remote({ host }: DockerRegistry): Place {
  return placeOf(`docker://${host}/os/example`);
}

function local(name: string): Place {
  return placeOf(`oci:${join(directory, name)}`);
}

/** Copies as `cosa copy` does, and returns the digest. */
async function copy(source: string, to: Place, tag: string, registry: DockerRegistry): Promise<Digest> {
  const { authFile, certificateDirectory } = registry;
  await using registries = createRegistries({ authFile, certificateDirectory }, { environment: {} });
  const from = await openReference(source, directory, registries);
  await using store = await to.openForWriting(registries);
  await copyContent({ from, to: { place: to, reader: store }, tags: [tag], extent: 'image' }, store, silentReporter());
  return from.descriptor.digest;
}
